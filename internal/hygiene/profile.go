package hygiene

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/myodai/myodai"
)

// What makes a cluster. Where anybody can have a mailbox people share stems and
// like numbers, so more is asked for there.
const (
	minSequence     = 8  // numbers of one stem
	minFreeSequence = 20 // the same at free mail
	minRandom       = 10 // of one domain
	minVariants     = 3  // of one mailbox
	maxStems        = 50_000
)

// profile is what all listed addresses of a domain say together.
type profile struct {
	domain   string
	listed   int // each once
	random   int // of them
	sequence map[string]sequence
	state    chan mailState // answered once
}

// sequence is the numbers that follow one stem.
type sequence struct{ n, least, most int }

// dense reports whether the numbers follow each other as a program counts.
func (s sequence) dense(free bool) bool {
	span := s.most - s.least + 1
	if free {
		return s.n >= minFreeSequence && span <= s.n*13/10
	}
	return s.n >= minSequence && span <= s.n*2
}

// isRandom reports whether random local parts are a cluster here.
func (p *profile) isRandom() bool {
	return p.random >= minRandom && p.random*5 >= p.listed && !myodai.Name(p.domain).IsFreeMail()
}

// holds reports whether local is one of a sequence, and of which.
func (p *profile) holds(local string) (pattern string, ok bool) {
	stem, n, ok := numbered(local)
	if !ok {
		return "", false
	}
	s, ok := p.sequence[stem]
	if !ok || n < s.least || n > s.most {
		return "", false
	}
	return s.pattern(stem), true
}

func (s sequence) pattern(stem string) string {
	return fmt.Sprintf("%s%d … %s%d", stem, s.least, stem, s.most)
}

// clusters lists the clusters that a profile shows by itself.
func (p *profile) clusters() (list []myodai.ListAuditCluster) {
	for _, stem := range slices.Sorted(maps.Keys(p.sequence)) {
		s := p.sequence[stem]
		list = append(list, myodai.ListAuditCluster{Domain: myodai.Name(p.domain), Kind: clusterSequence, Pattern: s.pattern(stem), Count: s.n})
	}
	if p.isRandom() {
		list = append(list, myodai.ListAuditCluster{Domain: myodai.Name(p.domain), Kind: clusterRandom, Count: p.random})
	}
	return list
}

const (
	clusterSequence = "sequence"
	clusterRandom   = "random"
	clusterVariants = "variants"
)

// profiles reads the spool and tells of each domain, once all of it is read.
func profiles(m *merger, tell func(*profile) error) error {
	var p *profile
	var last record
	stems := map[string]sequence{}
	end := func() error {
		if p == nil {
			return nil
		}
		free := myodai.Name(p.domain).IsFreeMail()
		for stem, s := range stems {
			if s.dense(free) {
				p.sequence[stem] = s
			}
		}
		clear(stems)
		return tell(p)
	}
	for {
		r, err := m.next()
		if errors.Is(err, io.EOF) {
			return end()
		}
		if err != nil {
			return err
		}
		if p == nil || p.domain != r.domain {
			if err := end(); err != nil {
				return err
			}
			p = &profile{domain: r.domain, sequence: map[string]sequence{}, state: make(chan mailState, 1)}
			last = record{}
		}
		if r.kind != kindListed || r.local == last.local {
			continue
		}
		last = r
		p.listed++
		if looksRandom(r.local) {
			p.random++
		}
		if stem, n, ok := numbered(r.local); ok {
			count(stems, stem, n)
		}
	}
}

// count adds a number to its stem. When there are too many stems, those that came
// once are forgotten: in order, a stem's numbers stand near each other.
func count(stems map[string]sequence, stem string, n int) {
	s, ok := stems[stem]
	switch {
	case !ok && len(stems) >= maxStems:
		maps.DeleteFunc(stems, func(_ string, s sequence) bool { return s.n < minSequence })
		if len(stems) >= maxStems {
			return
		}
		fallthrough
	case !ok:
		stems[strings.Clone(stem)] = sequence{1, n, n}
		return
	}
	stems[stem] = sequence{s.n + 1, min(s.least, n), max(s.most, n)}
}
