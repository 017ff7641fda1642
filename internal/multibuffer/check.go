package multibuffer

import "math/big"

// public is the modulus of a public key.
type public struct {
	n       wide
	block   wide  // (k·n+1)/2^1040, where k·n is -1 modulo 2^1040
	inverse plain // -1/n modulo 2^1040
	square  wide  // 2^4160 modulo n
}

func (k *public) prepare(n *big.Int) {
	split(k.n[:], n.Bytes())
	split(k.block[:], minusOne(n, digits).Bytes())
	k.inverse = plainOf(minusInverse(n, digits))
	split(k.square[:], modulo(power(4*digits), n).Bytes())
}

// checking is what signatures are checked in: numbers of 2048 bits are two of
// 1024, and each lane is for another key.
type checking struct {
	n, block, square, signature, x [2]number
	inverse, multiple              number
	product                        [4]number
}

func (c *checking) load(lane int, k *public, signature *wide) {
	for i := range 2 {
		half := func(x *wide) []uint64 { return x[i*digits : (i+1)*digits] }
		put(c.n[i][:], lane, half(&k.n))
		put(c.block[i][:], lane, half(&k.block))
		put(c.square[i][:], lane, half(&k.square))
		put(c.signature[i][:], lane, half(signature))
	}
	put(c.inverse[:], lane, k.inverse[:])
}

// check reports which signatures are right: below n, and raised to the public
// exponent what was to be signed (RFC 8017 §8.2.2). Nothing here is secret.
func (r *room) check(keys []*key, digests, signatures [][]byte) (right [together]bool) {
	c := &r.checking
	for lane := range right {
		var signature wide
		i := lane
		if i >= len(keys) {
			i = 0
		}
		split(signature[:], signatures[i])
		right[lane] = lane == i && signature.below(&keys[i].public.n)
		c.load(lane, &keys[i].public, &signature)
	}
	r.timesWide(&c.x, &c.signature, &c.square)
	for range 16 {
		r.timesWide(&c.x, &c.x, &c.x)
	}
	r.timesWide(&c.x, &c.x, &c.signature)
	for i, k := range keys {
		var got, want wide
		get(got[:digits], c.x[0][:], i)
		get(got[digits:], c.x[1][:], i)
		split(want[:], pad(digests[i]))
		right[i] = right[i] && got.same(&want, &k.public.n)
	}
	return right
}

// timesWide sets z to x·y/2^2080 modulo n, plus up to twice n (Montgomery).
func (r *room) timesWide(z, x, y *[2]number) {
	c := &r.checking
	c.product = [4]number{}
	r.addProduct(0, &x[0], &y[0])
	r.addProduct(2, &x[1], &y[1])
	r.addProduct(1, &x[0], &y[1])
	if x == y {
		add(&c.product[1][0], &r.sum.columns[0], 2*digits)
	} else {
		r.addProduct(1, &x[1], &y[0])
	}
	low, high := &c.product[1], &c.product[2]
	settle(&c.product[0][0], digits)
	r.addProduct(1, &c.product[0], &c.block[0])
	r.addProduct(2, &c.product[0], &c.block[1])
	settle(&low[0], digits)
	multiply(&r.sum, low, &c.inverse, &r.chosen[0], &r.table, &r.index)
	settle(&r.sum.columns[0], digits)
	copy(c.multiple[:], r.sum.columns[:])
	r.addProduct(1, &c.multiple, &c.n[0])
	r.addProduct(2, &c.multiple, &c.n[1])
	settle(&low[0], digits)
	settle(&high[0], 2*digits-1)
	copy(z[:], c.product[2:])
}

// addProduct adds x·y to the product, so many numbers up.
func (r *room) addProduct(at int, x, y *number) {
	if x == y {
		square(&r.sum, x)
	} else {
		multiply(&r.sum, x, y, &r.chosen[0], &r.table, &r.index)
	}
	add(&r.checking.product[at][0], &r.sum.columns[0], 2*digits)
}

func (x *wide) below(n *wide) bool {
	for i := len(x) - 1; i >= 0; i-- {
		if x[i] != n[i] {
			return x[i] < n[i]
		}
	}
	return false
}

// same reports whether x, below 3n, is y modulo n.
func (x *wide) same(y, n *wide) bool {
	sum := *y
	for range 3 {
		if *x == sum {
			return true
		}
		carry := uint64(0)
		for i := range sum {
			digit := sum[i] + n[i] + carry
			sum[i], carry = digit&mask, digit>>width
		}
	}
	return false
}
