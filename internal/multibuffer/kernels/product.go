package main

import "fmt"

// factor is ten digits, their folded five, and the mask of those which carry.
type factor struct {
	digits, folded at
	carry          string
}

type pair struct{ x, y factor }

// A product of ten digits by ten is three of five by five: of the lower ones, of
// the upper ones, and of both added (Karatsuba). outer begins, inner ends it, in
// Z0 to Z19; of the others they use Z20 to Z26. Several are added up.
func (p *assembly) outer(pairs ...pair) {
	p.zero(run(0, whole)...)
	for _, f := range pairs {
		p.times(run(0, half), f.x.digits, f.y.digits)
		p.times(run(half, half), f.x.digits.plus(quarter), f.y.digits.plus(quarter))
	}
	const t = register(25)
	for i := range register(quarter) { // both, five columns up, are taken off
		l0, l1, h0, h1 := i, i+quarter, i+half, i+half+quarter
		p.op("VPSUBQ", h0, l1, t)
		p.op("VPSUBQ", l1, h0, h0)
		p.op("VPSUBQ", l0, t, l1)
		p.op("VPSUBQ", h1, h0, h0)
	}
}

func (p *assembly) inner(pairs ...pair) {
	for _, f := range pairs {
		x, y := f.x, f.y
		p.times(run(quarter, half), x.folded, y.folded)
		for j, c := range run(half, quarter) {
			p.op("VPADDQ", y.folded.plus(j), c, x.carry, c)
			p.op("VPADDQ", x.folded.plus(j), c, y.carry, c)
		}
		p.op("KANDB", x.carry, y.carry, "K1")
		p.ones(25)
		c := register(half + quarter)
		p.op("VPSUBQ", register(25), c, "K1", c)
	}
}

// times adds x·y, of five digits each, to ten columns.
func (p *assembly) times(columns []register, x, y at) {
	digits := run(20, quarter)
	p.load(y, digits)
	for i := range quarter {
		digit := register(25 + i%2)
		p.op("VMOVDQU64", x.plus(i), digit)
		for j, y := range digits {
			p.op(lower, digit, y, columns[i+j])
		}
		for j, y := range digits {
			p.op(upper, digit, y, columns[i+j+1])
		}
	}
}

// reduce takes twenty columns off the low end of a sum by adding multiples of the
// modulus n (Montgomery). For the first ten it is the multiple of n that is -1
// modulo 2^520: the ten digits themselves say how often, so this is a product.
// Then it goes digit by digit, with the multiple of n that is -1 modulo 2^52, and
// for the last one with n itself, so that the result is below 4n.
func (p *assembly) reduce() {
	sum, m := at{"SI", 0}, at{"CX", 0}
	digit, n, inverse := m.plus(0), m.plus(whole), m.plus(2*whole) // see modulus
	block := m.plus(2*whole + 1)
	low := factor{sum, sum.plus(folded), "K4"}
	p.op("KMOVB", low.folded.plus(quarter), "K4")
	for i := range 2 {
		fixed := factor{block.plus(half * i), block.plus(whole + quarter*i), fmt.Sprintf("K%d", 5+i)}
		p.op("KMOVB", fmt.Sprintf("%d(CX)", 64*(block.vectors+whole+half)+8*i), fixed.carry)
		p.outer(pair{low, fixed})
		p.inner(pair{low, fixed})
		p.addTo(sum.plus(half+half*i), run(0, whole))
	}
	// Columns are in Z0 to Z21, and go around in them.
	column := func(i int) register { return register((i - half) % 22) }
	p.load(sum.plus(half), run(0, 21))
	const carry = register(31)
	for i := half; i < whole-1; i++ {
		p.op("VMOVDQU64", sum.plus(i+21), column(i+21))
		p.op("VPSRAQ", "$52", column(i), carry)
		p.op("VPADDQ", carry, column(i+1), column(i+1))
		p.row(digit, column(i), i+1, column)
	}
	const times = register(30)
	p.zero(times)
	p.op(lower, inverse, column(whole-1), times)
	p.row(n, times, whole-1, column)
	p.op("VPSRAQ", "$52", column(whole-1), carry)
	p.op("VPADDQ", carry, column(whole), column(whole))
	var result []register
	for i := range whole {
		result = append(result, column(whole+i))
	}
	p.settle(result)
	p.store(result, at{"DI", 0})
}

// row adds x times a number to columns from one on. The upper halves come later
// than the lower ones, so that no column is wanted twice in a row.
func (p *assembly) row(number at, x register, from int, column func(int) register) {
	const later = 3
	digit := func(i int) register { return register(24 + i%(later+1)) }
	for i := range whole + later {
		if i < whole {
			p.op("VMOVDQU64", number.plus(i), digit(i))
			p.op(lower, digit(i), x, column(from+i))
		}
		if i >= later {
			p.op(upper, digit(i-later), x, column(from+i-later+1))
		}
	}
}
