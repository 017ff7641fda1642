package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
)

// doors are the open sockets by setting, such as listen_api.
type doors struct {
	streams map[string][]net.Listener
	packets map[string][]net.PacketConn // for DNS over UDP
}

// openDoors listens wherever the configuration says.
func (s *server) openDoors() error {
	s.doors = &doors{streams: map[string][]net.Listener{}, packets: map[string][]net.PacketConn{}}
	for _, key := range listenKeys {
		if !s.cfg.plays(roleOfDoor[key]) {
			continue
		}
		for _, address := range s.cfg.listeners()[key] {
			open := s.doors.open
			if key == "listen_dns" {
				open = s.doors.openDNS
			}
			if err := open(key, address); err != nil {
				return cannotListen(key, address, err)
			}
		}
	}
	return nil
}

func (d *doors) open(key, address string) error {
	l, err := net.Listen("tcp", address)
	if err == nil {
		d.streams[key] = append(d.streams[key], l)
	}
	return err
}

// openDNS takes the same port for TCP as for UDP, also when the system chooses
// it: then the one it chose for UDP may be taken, and it has to choose again.
func (d *doors) openDNS(key, address string) error {
	const tries = 10
	for try := 1; ; try++ {
		packets, err := net.ListenPacket("udp", address)
		if err != nil {
			return err
		}
		stream, err := net.Listen("tcp", packets.LocalAddr().String())
		if err == nil {
			d.packets[key] = append(d.packets[key], packets)
			d.streams[key] = append(d.streams[key], stream)
			return nil
		}
		_ = packets.Close() // to be opened again, or not at all
		_, port, _ := net.SplitHostPort(address)
		if port != "0" || try == tries {
			return err
		}
	}
}

func (d *doors) addresses(key string) []net.Addr {
	var list []net.Addr
	for _, l := range d.streams[key] {
		list = append(list, l.Addr())
	}
	return list
}

// close shuts the doors nobody serves.
func (d *doors) close() {
	for _, list := range d.streams {
		for _, l := range list {
			_ = l.Close() // nothing is lost with it
		}
	}
	for _, list := range d.packets {
		for _, p := range list {
			_ = p.Close() // nothing is lost with it
		}
	}
}

// cannotListen says what to do about a door that does not open.
func cannotListen(key, address string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return usage("%s: ports below 1024, as in %s, need root or the capability CAP_NET_BIND_SERVICE; "+
			"give it to the program, or choose another port", key, address)
	}
	return usageError{fmt.Errorf("%s: cannot listen at %s: %w", key, address, err)}
}
