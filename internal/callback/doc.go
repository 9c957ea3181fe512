// Package callback has a back end of the operator's own decide who may publish and
// play: an HTTP service that is asked before either begins, and told when it ends.
//
// [Gate] stands in front of the server's own rules, and both must agree. The
// service is asked in one of four dialects ([Mode]), of which three are those of
// other servers, so that a back end that was written for them stays as it is. A
// [service] has a deadline, a bound on how many requests are under way, and a
// breaker, so that one that hangs costs every client a refusal and nothing else.
//
// [Observer] knows who was let in, and tells of their ends.
//
// What clients send along goes to the service and nowhere else: no error and no
// line of the log holds an address's query, a name that was not allowed, or what
// the service answered.
package callback
