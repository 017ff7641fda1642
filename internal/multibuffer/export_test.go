package multibuffer

// Mistakes is how many signatures were wrong and made again.
func Mistakes() int64 { return mistakes.Load() }
