package main

import (
	"fmt"
	"slices"
	"strings"
)

// assembly is what has been written of a file, a line each.
type assembly []string

// register is one that holds a vector, by its number; at is a vector in memory,
// so many behind where a pointer points.
type (
	register int
	at       struct {
		pointer string
		vectors int
	}
)

func (a at) plus(vectors int) at { return at{a.pointer, a.vectors + vectors} }

// run is n registers from one on.
func run(from register, n int) []register {
	registers := make([]register, n)
	for i := range registers {
		registers[i] = from + register(i)
	}
	return registers
}

func (p *assembly) line(format string, arguments ...any) {
	*p = append(*p, fmt.Sprintf(format, arguments...))
}

// op writes an instruction. What it changes comes last, before that the mask if
// it has one.
func (p *assembly) op(name string, operands ...any) {
	text := make([]string, len(operands))
	for i, operand := range operands {
		switch operand := operand.(type) {
		case register:
			text[i] = fmt.Sprintf("Z%d", operand)
		case at:
			text[i] = fmt.Sprintf("%d(%s)", 64*operand.vectors, operand.pointer)
		default:
			text[i] = fmt.Sprint(operand)
		}
	}
	p.line("\t%s %s", name, strings.Join(text, ", "))
}

// function writes one whose arguments are pointers, each "name REGISTER".
func (p *assembly) function(name string, pointers []string, body func()) {
	p.line("")
	p.line("TEXT ·%s(SB), NOSPLIT, $0-%d", name, 8*len(pointers))
	for i, pointer := range pointers {
		argument, to, _ := strings.Cut(pointer, " ")
		p.op("MOVQ", fmt.Sprintf("%s+%d(FP)", argument, 8*i), to)
	}
	body()
	p.op("VZEROUPPER")
	p.op("RET")
}

func (p *assembly) zero(registers ...register) {
	for _, r := range registers {
		p.op("VPXORQ", r, r, r)
	}
}

// ones sets every bit, so that to subtract it is to add one.
func (p *assembly) ones(r register) { p.op("VPTERNLOGQ", "$0xff", r, r, r) }

func (p *assembly) load(from at, to []register) {
	for i, r := range to {
		p.op("VMOVDQU64", from.plus(i), r)
	}
}

func (p *assembly) store(from []register, to at) {
	for i, r := range from {
		p.op("VMOVDQU64", r, to.plus(i))
	}
}

// addTo adds registers to what is in memory.
func (p *assembly) addTo(to at, registers []register) {
	for i, r := range registers {
		p.op("VPADDQ", to.plus(i), r, r)
		p.op("VMOVDQU64", r, to.plus(i))
	}
}

// weave writes sequences that do not touch each other's registers side by side:
// one waits for its own results while the other multiplies.
func (p *assembly) weave(sequences ...func()) {
	before, longest := len(*p), 0
	written := make([]assembly, len(sequences))
	for i, write := range sequences {
		write()
		written[i] = slices.Clone((*p)[before:])
		*p = (*p)[:before]
		longest = max(longest, len(written[i]))
	}
	for i := range longest {
		for _, w := range written {
			*p = append(*p, w[i*len(w)/longest:(i+1)*len(w)/longest]...)
		}
	}
}

// half says which half of a product of two digits is added to a sum: the lower
// stays in its column, the upper goes to the next.
const lower, upper = "VPMADD52LUQ", "VPMADD52HUQ"

type term struct {
	half      string
	x, y, sum register
}

// spread writes terms in an order in which no sum is wanted while it is busy.
func (p *assembly) spread(terms []term) {
	const latency = 4
	var last []register // sums, the newest first
	for len(terms) > 0 {
		next := max(0, slices.IndexFunc(terms, func(t term) bool { return !slices.Contains(last, t.sum) }))
		t := terms[next]
		p.op(t.half, t.x, t.y, t.sum)
		terms = slices.Delete(terms, next, next+1)
		last = append([]register{t.sum}, last[:min(len(last), latency-1)]...)
	}
}
