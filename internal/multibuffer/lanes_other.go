//go:build !amd64

package multibuffer

func supported() bool { return false }

func multiply(_, _, _, _ *number, _ *vector) { panic("multibuffer: not on this processor") }

func square(_, _, _ *number, _ *vector, _ *[2]number) { panic("multibuffer: not on this processor") }

func choose(*number, *[16]number, *vector) { panic("multibuffer: not on this processor") }
