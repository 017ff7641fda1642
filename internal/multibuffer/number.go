package multibuffer

import "math/bits"

// The form of numbers: 20 digits of 52 bits, which is room for 1024 bits and for
// sums of a few, eight numbers beside each other.
const (
	digits = 20
	width  = 52
	mask   = 1<<width - 1
	lanes  = 8
)

// vector is one digit of eight numbers; number is eight numbers.
type (
	vector [lanes]uint64
	number [digits]vector
)

// plain is one number. What is in it may be secret: nothing here branches on it.
type plain [digits]uint64

func (z *number) set(lane int, x *plain) {
	for i, digit := range x {
		z[i][lane] = digit
	}
}

func (z *number) lane(lane int) (x plain) {
	for i := range z {
		x[i] = z[i][lane]
	}
	return x
}

// add sets z to x+y, with digits of 52 bits again.
func (z *number) add(x, y *number) {
	for lane := range lanes {
		carry := uint64(0)
		for i := range digits {
			sum := x[i][lane] + y[i][lane] + carry
			z[i][lane], carry = sum&mask, sum>>width
		}
	}
}

// split reads a number from its octets, the highest first, into digits from the
// lowest on. What does not fit is left out.
func split(to []uint64, octets []byte) {
	clear(to)
	for i := range octets {
		octet, at := uint64(octets[len(octets)-1-i]), 8*i
		digit, shift := at/width, at%width
		if digit < len(to) {
			to[digit] |= octet << shift & mask
		}
		if digit+1 < len(to) && shift > width-8 {
			to[digit+1] |= octet >> (width - shift)
		}
	}
}

// join writes digits as octets, the highest first.
func join(to []byte, digits []uint64) {
	for i := range to {
		at := 8 * i
		digit, shift := at/width, at%width
		octet := digits[digit] >> shift
		if shift > width-8 && digit+1 < len(digits) {
			octet |= digits[digit+1] << (width - shift)
		}
		to[len(to)-1-i] = byte(octet)
	}
}

// less is x modulo n for x below 2n.
func (x plain) less(n *plain) plain {
	var difference plain
	borrow := uint64(0)
	for i := range digits {
		d := x[i] - n[i] - borrow
		difference[i], borrow = d&mask, d>>63
	}
	keep := -borrow // all ones when x is below n already
	for i := range digits {
		difference[i] ^= (difference[i] ^ x[i]) & keep
	}
	return difference
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
func (x plain) timesPlus(y, add *plain) (z [2 * digits]uint64) {
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
