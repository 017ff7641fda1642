package multibuffer

import "golang.org/x/sys/cpu"

func supported() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512IFMA }

// multiply sets z to x·y/2^1040 modulo n, in each lane, up to one n too much:
// Montgomery's product. inverse is -1/n modulo 2^52. It is right for n below
// 2^1024 and x and y below 4n, in digits of 52 bits; z may be x or y.
//
//go:noescape
func multiply(z, x, y, n *number, inverse *vector)

// square sets z to x·x/2^1040 modulo n as multiply does, with three quarters of
// the work. sum is memory for it.
//
//go:noescape
func square(z, x, n *number, inverse *vector, sum *[2]number)

// choose sets each lane of z to that of the table's entry which index names for
// it. It reads all of the table, so that what was chosen does not show in time.
//
//go:noescape
func choose(z *number, table *[16]number, index *vector)
