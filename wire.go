package myodai

import "bytes"

// IsWireForm reports whether a message may go over a wire as it stands: CR and LF
// occur as CRLF only (RFC 5321 §2.3.8), there is no NUL, and no line but the CRLF
// that ends it is longer than so many octets. The last line may lack its CRLF.
//
// Every message is looked at so several times, so it is done with few calls: each
// LF has a CR before it, and there are no other CRs.
func IsWireForm(message []byte, longest int) bool {
	lines := 0
	for rest := message; len(rest) > 0; lines++ {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			if len(rest) > longest {
				return false
			}
			break
		}
		if end == 0 || rest[end-1] != '\r' || end-1 > longest {
			return false
		}
		rest = rest[end+1:]
	}
	return bytes.Count(message, []byte{'\r'}) == lines && bytes.IndexByte(message, 0) < 0
}
