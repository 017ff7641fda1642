package multibuffer

import "golang.org/x/sys/cpu"

//go:generate go run ./kernels

func supported() bool {
	return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512IFMA
}

// square sets sum to x·x.
//
//go:noescape
func square(sum *double, x *number)

// multiply sets sum to x·y. Beside that it sets each lane of z to that of the
// table's entry which index names for it; it reads all of the table, so that
// what was chosen does not show in time. z is neither x nor y.
//
//go:noescape
func multiply(sum *double, x, y, z *number, table *table, index *vector)

// reduce sets z to sum/2^1040 modulo n, plus a few n: below 4n, for a product of
// numbers below 2^1040 of which one is below 8n, or both. It spends the sum.
//
//go:noescape
func reduce(z *number, sum *double, m *modulus)

// add adds x to z, n columns of each.
//
//go:noescape
func add(z, x *vector, n int)

// settle makes digits of n columns; the next one takes what is carried.
//
//go:noescape
func settle(z *vector, n int)
