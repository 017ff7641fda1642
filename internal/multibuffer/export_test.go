package multibuffer

import "crypto/rsa"

// Eight are the keys of the tests.
func Eight() []*rsa.PrivateKey { return eight() }

// Mistakes is how many signatures were wrong and made again.
func Mistakes() int64 { return mistakes.Load() }
