package smtptest

// Smugglers are all strings of one to most of the five octets that matter to
// where a line and a message end: CR, LF, a dot, NUL, and one that stands for all
// others.
func Smugglers(most int) []string {
	list, last := []string{}, []string{""}
	for range most {
		var next []string
		for _, s := range last {
			for _, c := range []string{"\r", "\n", ".", "\x00", "x"} {
				next = append(next, s+c)
			}
		}
		list, last = append(list, next...), next
	}
	return list
}
