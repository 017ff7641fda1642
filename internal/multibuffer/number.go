package multibuffer

import (
	"encoding/binary"
	"math/bits"
)

// The form of numbers: 20 digits of 52 bits, which is room for 1024 bits and for
// sums of a few, eight numbers beside each other.
const (
	digits  = 20
	width   = 52
	mask    = 1<<width - 1
	lanes   = 8
	quarter = digits / 4
)

// vector is one digit of eight numbers; number is eight numbers; table is their
// powers from the 0th on.
type (
	vector [lanes]uint64
	number [digits]vector
	table  [16]number
)

// double is a product on its way: columns which, each at its place, add up to it,
// and may be negative. The lowest ten are digits already; the next is the lower
// five of them plus the upper ones, with a mask of the lanes that carry.
type double struct {
	columns [2 * digits]vector
	_       [quarter + 1]vector
	_       [digits]vector // for the kernels
}

// modulus is what reduce needs to know of a number n.
type modulus struct {
	digit   number // (k·n+1)/2^52, where k·n is -1 modulo 2^52
	n       number
	inverse vector              // -1/n modulo 2^52
	block   number              // as digit, of 2^520
	folded  [2 * quarter]vector // of each half of block, the lower five digits plus the upper ones
	carries vector              // their masks
}

// plain is one number, and wide one of 2048 bits. What is in them may be secret:
// nothing here branches on it.
type (
	plain [digits]uint64
	wide  [2 * digits]uint64
)

// put writes digits to a lane.
func put(z []vector, lane int, digits []uint64) {
	for i, digit := range digits {
		z[i][lane] = digit
	}
}

// get reads digits from a lane.
func get(digits []uint64, z []vector, lane int) {
	for i := range digits {
		digits[i] = z[i][lane]
	}
}

// Two digits are 13 octets; a wide number is this many.
const octets = 13 * digits

// split reads a number from its octets, the highest first, into digits from the
// lowest on.
func split(to []uint64, from []byte) {
	var number [8 + octets]byte
	copy(number[len(number)-len(from):], from)
	for i := range to {
		end := len(number) - 13*i/2
		to[i] = binary.BigEndian.Uint64(number[end-8:end]) >> (4 * (i % 2)) & mask
	}
}

// join writes digits as octets, the highest first.
func join(to []byte, from *wide) {
	var number [octets]byte
	for i := 0; i < len(from); i += 2 {
		end := len(number) - 13*i/2
		low, high := from[i]|from[i+1]<<width, from[i+1]>>(64-width)
		binary.BigEndian.PutUint64(number[end-8:end], low)
		number[end-9], number[end-10], number[end-11] = byte(high), byte(high>>8), byte(high>>16)
		number[end-12], number[end-13] = byte(high>>24), byte(high>>32)
	}
	copy(to, number[octets-len(to):])
}

// less is x modulo n for x below 4n.
func (x plain) less(n *plain) plain {
	for range 3 {
		var difference plain
		borrow := uint64(0)
		for i := range digits {
			d := x[i] - n[i] - borrow
			difference[i], borrow = d&mask, d>>63
		}
		keep := -borrow // all ones when x is below n already
		for i := range digits {
			x[i] = difference[i] ^ (difference[i]^x[i])&keep
		}
	}
	return x
}

// apart is x-y+2n, which is not negative for y below 2n.
func (x plain) apart(y, n *plain) (z plain) {
	carry := int64(0)
	for i := range digits {
		sum := int64(x[i]) - int64(y[i]) + 2*int64(n[i]) + carry // #nosec G115 -- digits have 52 bits
		z[i], carry = uint64(sum)&mask, sum>>width               // #nosec G115 -- its low 52 bits
	}
	return z
}

// timesPlus is x·y + add, in twice as many digits.
func (x plain) timesPlus(y, add *plain) (z wide) {
	copy(z[:], add[:])
	for i := range digits {
		carry := uint64(0)
		for j := range digits {
			high, low := bits.Mul64(x[i], y[j])
			low, over := bits.Add64(low, z[i+j], 0)
			high += over
			low, over = bits.Add64(low, carry, 0)
			high += over
			z[i+j], carry = low&mask, high<<(64-width)|low>>width
		}
		z[i+digits] = carry
	}
	return z
}
