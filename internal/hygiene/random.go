package hygiene

import "strings"

// The pairs of letters that begin syllables in names and words of English,
// Japanese in Latin letters and their neighbors. What a person calls himself has
// most of its pairs among them or around a vowel; what a program draws has not.
const syllables = " bl br ch ck cl cr ct dr dy ff fl fr gh gl gn gr gy hn ht kh kk kr ks ky lb ld lf lk ll lm lp ls lt ly mb mm mp ms my " +
	"nc nd ng nk nn ns nt ny ph pl pp pr ps pt py qu rc rd rf rg rk rl rm rn rp rr rs rt rv ry sc sh sk sl sm sn sp ss st sw sy tch th tr " +
	"ts tt tw ty wh wn wr xt zz hy jr mc rb rw ws lv dg ds bs hs cy vy nj nz mn nr tz sz cz "

// looksRandom reports whether a program rather than a person made up the local
// part: it is long enough to tell, and mostly letters that no syllable holds
// together, or letters and digits in turn.
func looksRandom(local string) bool {
	letters, digits, changes, odd, pairs := 0, 0, 0, 0, 0
	var before byte
	for i := 0; i < len(local); i++ {
		c := local[i]
		switch {
		case c >= 'a' && c <= 'z':
			letters++
			if isLetter(before) {
				pairs++
				if !speakable(before, c) {
					odd++
				}
			}
			if isDigit(before) {
				changes++
			}
		case isDigit(c):
			digits++
			if isLetter(before) {
				changes++
			}
		case c == '.' || c == '_' || c == '-':
		default:
			return false
		}
		before = c
	}
	if letters+digits < 8 || letters < 3 {
		return false
	}
	return changes >= 4 || pairs >= 4 && odd*5 >= pairs*2 && odd >= 3
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// speakable reports whether a syllable can hold the pair: with a vowel, except
// for those that hardly follow each other, or one of syllables.
func speakable(a, b byte) bool {
	const vowels = "aeiouy"
	if strings.IndexByte(vowels, a) >= 0 || strings.IndexByte(vowels, b) >= 0 {
		return a != 'q' && !(b == 'q' && a != 'e' && a != 'a') && !(a == 'x' && b != 'e' && b != 'i' && b != 'a' && b != 'y')
	}
	return strings.Contains(syllables, " "+string(a)+string(b)+" ")
}

// numbered splits a local part that ends in digits: "user0042" is "user" and 42.
func numbered(local string) (stem string, n int, ok bool) {
	end := len(local)
	for end > 0 && isDigit(local[end-1]) {
		end--
	}
	if end == len(local) || len(local)-end > 9 {
		return "", 0, false
	}
	for _, c := range []byte(local[end:]) {
		n = n*10 + int(c-'0')
	}
	return local[:end], n, true
}
