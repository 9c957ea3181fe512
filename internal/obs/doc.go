// Package obs answers the question that OBS asks before it goes on air with
// Enhanced Broadcasting ("multitrack video"): which renditions to make, and
// where to send them. OBS then encodes the whole ladder itself and sends every
// rung as a track of one connection (Enhanced RTMP v2, Multitrack).
//
// The form of the question and of the answer is that of OBS's "Go Live" API,
// schemas 2024-06-04 (OBS 30.2 to 31.0) and 2025-01-25 (since 31.1).
package obs
