package dnstest

import (
	"net"
	"strconv"
)

// Space is a set of servers that share one port, so that together they can be a
// whole name space: the root, its top-level domains and everything below.
type Space struct {
	Port    uint16
	Servers map[string]*Server // by IP address
}

// StartSpace runs one server for each IP address, such as 127.0.0.1 and
// 127.0.0.2, all on the same free port, until the test ends.
func StartSpace(t T, hosts map[string]Zones) *Space {
	t.Helper()
	space := listenAll(t, hosts)
	t.Cleanup(space.close)
	for ip, zones := range hosts {
		for origin, text := range zones {
			if err := space.Servers[ip].Set(origin, text); err != nil {
				t.Fatalf("dnstest: %v", err)
			}
		}
	}
	return space
}

// listenAll tries ports until one is free at every address.
func listenAll(t T, hosts map[string]Zones) *Space {
	t.Helper()
	var last error
	for range 20 {
		space := &Space{Servers: map[string]*Server{}}
		for ip := range hosts {
			s, err := Listen(net.JoinHostPort(ip, strconv.Itoa(int(space.Port))))
			if err != nil {
				last = err
				break
			}
			space.Servers[ip], space.Port = s, s.Port()
		}
		if len(space.Servers) == len(hosts) {
			return space
		}
		space.close()
	}
	t.Fatalf("dnstest: no free port: %v", last)
	return nil
}

// Count is Server.Count summed over all servers.
func (s *Space) Count(name, qtype string) int {
	total := 0
	for _, server := range s.Servers {
		total += server.Count(name, qtype)
	}
	return total
}

func (s *Space) close() {
	for _, server := range s.Servers {
		_ = server.Close() // the test is over
	}
}
