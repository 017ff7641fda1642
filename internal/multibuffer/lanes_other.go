//go:build !amd64

package multibuffer

func supported() bool { return false }

const elsewhere = "multibuffer: not on this processor"

func square(*double, *number) { panic(elsewhere) }

func multiply(*double, *number, *number, *number, *table, *vector) { panic(elsewhere) }

func reduce(*number, *double, *modulus) { panic(elsewhere) }

func add(*vector, *vector, int) { panic(elsewhere) }

func settle(*vector, int) { panic(elsewhere) }
