#include "textflag.h"

// func add(z, x *vector, n int)
TEXT ·add(SB), NOSPLIT, $0-24
	MOVQ z+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), BX

sum:
	VMOVDQU64 (DI), Z0
	VPADDQ    (SI), Z0, Z0
	VMOVDQU64 Z0, (DI)
	ADDQ      $64, SI
	ADDQ      $64, DI
	DECQ      BX
	JNZ       sum
	VZEROUPPER
	RET

// func settle(z *vector, n int)
TEXT ·settle(SB), NOSPLIT, $0-16
	MOVQ z+0(FP), DI
	MOVQ n+8(FP), BX

	VPTERNLOGQ $0xff, Z2, Z2, Z2
	VPSRLQ     $12, Z2, Z2
	VMOVDQU64  (DI), Z0

column:
	VPANDQ    Z2, Z0, Z1
	VMOVDQU64 Z1, (DI)
	ADDQ      $64, DI
	VPSRAQ    $52, Z0, Z0
	VPADDQ    (DI), Z0, Z0
	DECQ      BX
	JNZ       column
	VMOVDQU64 Z0, (DI)
	VZEROUPPER
	RET
