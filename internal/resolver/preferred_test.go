package resolver

import (
	"fmt"
	"testing"

	"github.com/myodai/myodai"
)

// TestPreferredServesBothFamilies: of the few servers that are asked, some have
// an address that a machine with IPv4 alone, or with IPv6 alone, can reach.
func TestPreferredServesBothFamilies(t *testing.T) {
	for _, tt := range []struct{ v4, v6, want4, want6 int }{
		{13, 13, 3, 3}, {13, 0, 6, 0}, {0, 13, 0, 6}, {1, 13, 1, 5}, {13, 1, 5, 1}, {2, 2, 2, 2}, {0, 0, 0, 0},
	} {
		servers := []myodai.Server{{Name: "without.example"}}
		for i := range max(tt.v4, tt.v6) {
			if i < tt.v6 {
				servers = append(servers, myodai.Server{Address: fmt.Sprintf("[2001:db8::%d]:53", i+1)})
			}
			if i < tt.v4 {
				servers = append(servers, myodai.Server{Address: fmt.Sprintf("192.0.2.%d:53", i+1)})
			}
		}
		list := preferred(servers)
		v4, v6 := 0, 0
		for _, s := range list[:min(len(list), enough)] {
			if isIPv6(s.Address) {
				v6++
			} else {
				v4++
			}
		}
		if len(list) != tt.v4+tt.v6 || v4 != tt.want4 || v6 != tt.want6 {
			t.Errorf("%d and %d: of %d servers %d and %d are asked, want %d and %d", tt.v4, tt.v6, len(list), v4, v6, tt.want4, tt.want6)
		}
		if len(list) > 0 && tt.v4 > 0 && isIPv6(list[0].Address) {
			t.Errorf("%d and %d: IPv6 comes first", tt.v4, tt.v6)
		}
	}
}
