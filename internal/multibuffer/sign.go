package multibuffer

// pairs is how many signatures the lanes have room for, of two powers each;
// together is how many are made at a time: one after the other half of them, and
// all are checked at once, which takes one lane each.
const pairs, together = lanes / 2, lanes

// room is what one batch computes in; some 60 KiB. It comes from the heap, where
// what is large begins with a page, so that no vector lies across two lines of the
// cache.
type room struct {
	x                              number
	sum                            double
	chosen                         [2]number
	modulus                        modulus
	table                          table
	index                          vector
	square, cube, coeff, low, high number
	checking                       checking
}

// sign makes one signature per digest, each with its own key. There are one to
// together of them. It gives nil for one that the public key says is wrong.
func (r *room) sign(keys []*key, digests [][]byte) [][]byte {
	signatures := make([][]byte, 0, together)
	for from := 0; from < len(keys); from += pairs {
		to := min(from+pairs, len(keys))
		for i := range pairs {
			at := from + i
			if at >= to {
				at = from // somebody has to be there, and costs nothing
			}
			r.load(2*i, keys[at], pad(digests[at]))
		}
		r.power(keys[from:to])
		signatures = r.combine(signatures, keys[from:to])
	}
	right := r.check(keys, digests, signatures)
	for i := range signatures {
		if !right[i] {
			signatures[i] = nil
		}
	}
	return signatures
}

// load puts a key and what it signs into two lanes.
func (r *room) load(lane int, k *key, block []byte) {
	var digest wide
	split(digest[:], block)
	for i, p := range []*prime{&k.p, &k.q} {
		r.modulus.load(lane+i, p)
		put(r.square[:], lane+i, p.square[:])
		put(r.cube[:], lane+i, p.cube[:])
		put(r.low[:], lane+i, digest[:digits])
		put(r.high[:], lane+i, digest[digits:])
	}
	put(r.coeff[:], lane, k.coeff[:])
}

func (m *modulus) load(lane int, p *prime) {
	put(m.n[:], lane, p.n[:])
	put(m.digit[:], lane, p.digit[:])
	put(m.block[:], lane, p.block[:])
	put(m.folded[:], lane, p.folded[:])
	m.inverse[lane] = p.inverse
	for i, carry := range p.carries {
		m.carries[i] = m.carries[i]&^(1<<lane) | carry<<lane
	}
}

// times sets z to x·y modulo n. It chooses the next factor, if that is wanted.
func (r *room) times(z, x, y, next *number) {
	multiply(&r.sum, x, y, next, &r.table, &r.index)
	reduce(z, &r.sum, &r.modulus)
}

// power raises what was loaded to the private exponents, four bits of them at a
// time, the highest first, and leaves it in x.
func (r *room) power(keys []*key) {
	one, table, unused := &r.chosen[0], &r.table, &r.chosen[1]
	*one = number{}
	for lane := range lanes {
		one[0][lane] = 1
	}
	r.times(&table[0], one, &r.square, unused)
	r.times(&table[1], &r.low, &r.square, unused)
	r.times(&r.high, &r.high, &r.cube, unused)
	add(&table[1][0], &r.high[0], digits)
	settle(&table[1][0], digits-1)
	for i := 2; i < len(table); i++ {
		r.times(&table[i], &table[i-1], &table[1], unused)
	}
	exponents := [lanes]*[size]byte{}
	for lane := range exponents {
		k := keys[0]
		if lane/2 < len(keys) {
			k = keys[lane/2]
		}
		exponents[lane] = []*[size]byte{&k.p.exponent, &k.q.exponent}[lane%2]
	}
	r.x, r.chosen[0] = table[0], table[0]
	for i := range size + 1 { // each round chooses what the next one needs
		if i < size {
			for lane, exponent := range exponents {
				r.index[lane] = uint64(exponent[i])
			}
		}
		if i > 0 {
			for range 4 {
				square(&r.sum, &r.x)
				reduce(&r.x, &r.sum, &r.modulus)
			}
		}
		r.times(&r.x, &r.x, &r.chosen[i%2], &r.chosen[(i+1)%2])
	}
	*one = number{}
	for lane := range lanes {
		one[0][lane] = 1
	}
	r.times(&r.x, &r.x, one, unused)
}

// combine makes signatures of powers modulo the primes (RFC 8017 §5.1.2).
func (r *room) combine(signatures [][]byte, keys []*key) [][]byte {
	var remainders [pairs]plain // modulo q
	for i, k := range keys {
		var p plain
		q := &remainders[i]
		get(p[:], r.x[:], 2*i)
		get(q[:], r.x[:], 2*i+1)
		*q = q.less(&k.q.n)
		difference := p.apart(q, &k.p.n)
		put(r.x[:], 2*i, difference[:])
	}
	r.times(&r.x, &r.x, &r.coeff, &r.chosen[0])
	for i, k := range keys {
		var h plain
		get(h[:], r.x[:], 2*i)
		h = h.less(&k.p.n)
		product := h.timesPlus(&k.q.n, &remainders[i])
		signature := make([]byte, size)
		join(signature, &product)
		signatures = append(signatures, signature)
	}
	return signatures
}
