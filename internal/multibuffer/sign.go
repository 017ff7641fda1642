package multibuffer

// together is how many signatures are made at a time: each takes two lanes.
const together = lanes / 2

// room is what one batch computes in; some 30 KiB.
type room struct {
	n, square, cube, coeff number
	inverse                vector
	low, high              number
	table                  [16]number
	chosen                 number
	sum                    [2]number // of square
}

// sign makes one signature per digest, each with its own key. There are one to
// together of them.
func (r *room) sign(keys []*key, digests [][]byte) [][]byte {
	for i := range together {
		at := i
		if at >= len(keys) {
			at = 0 // somebody has to be there, and costs nothing
		}
		r.load(2*i, keys[at], pad(digests[at]))
	}
	result := r.power(keys)
	return r.combine(&result, keys)
}

// load puts a key and what it signs into two lanes.
func (r *room) load(lane int, k *key, block []byte) {
	var digits2 [2 * digits]uint64
	split(digits2[:], block)
	low, high := plain(digits2[:digits]), plain(digits2[digits:])
	for i, p := range []*prime{&k.p, &k.q} {
		r.n.set(lane+i, &p.n)
		r.square.set(lane+i, &p.square)
		r.cube.set(lane+i, &p.cube)
		r.inverse[lane+i] = p.inverse
		r.low.set(lane+i, &low)
		r.high.set(lane+i, &high)
	}
	r.coeff.set(lane, &k.coeff)
}

// power raises what was loaded to the private exponents, four bits of them at a
// time, the highest first.
func (r *room) power(keys []*key) (x number) {
	times := func(z, x, y *number) { multiply(z, x, y, &r.n, &r.inverse) }
	one := number{}
	for lane := range lanes {
		one[0][lane] = 1
	}
	times(&r.table[0], &one, &r.square)
	times(&r.low, &r.low, &r.square)
	times(&r.high, &r.high, &r.cube)
	r.table[1].add(&r.low, &r.high)
	for i := 2; i < len(r.table); i++ {
		times(&r.table[i], &r.table[i-1], &r.table[1])
	}
	x = r.table[0]
	for i := range size {
		var index vector
		for lane := range lanes {
			k := keys[0]
			if lane/2 < len(keys) {
				k = keys[lane/2]
			}
			index[lane] = uint64(k.p.exponent[i])
			if lane%2 == 1 {
				index[lane] = uint64(k.q.exponent[i])
			}
		}
		for range 4 {
			square(&x, &x, &r.n, &r.inverse, &r.sum)
		}
		choose(&r.chosen, &r.table, &index)
		times(&x, &x, &r.chosen)
	}
	times(&x, &x, &one)
	return x
}

// combine makes signatures of powers modulo the primes (RFC 8017 §5.1.2).
func (r *room) combine(powers *number, keys []*key) (signatures [][]byte) {
	remainders := make([]plain, len(keys)) // modulo q
	difference := number{}
	for i, k := range keys {
		p, q := powers.lane(2*i), powers.lane(2*i+1)
		p, q = p.less(&k.p.n), q.less(&k.q.n)
		remainders[i] = q
		d := p.apart(&q, &k.p.n)
		difference.set(2*i, &d)
	}
	multiply(&difference, &difference, &r.coeff, &r.n, &r.inverse)
	for i, k := range keys {
		h := difference.lane(2 * i)
		h = h.less(&k.p.n)
		product := h.timesPlus(&k.q.n, &remainders[i])
		signature := make([]byte, size)
		join(signature, product[:])
		signatures = append(signatures, signature)
	}
	return signatures
}
