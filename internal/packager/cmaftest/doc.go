// Package cmaftest holds files of CMAF, for tests, to what the standards demand of
// them. Each complaint has the clause: of rfc8216bis where it says RFC, of
// ISO/IEC 14496-12 where it says ISO, of ISO/IEC 23000-19 where it says CMAF. It shares
// nothing with the packager.
package cmaftest
