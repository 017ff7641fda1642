package myodai

import "strings"

// SenderList is a list of domains and addresses, written with commas or line
// breaks between them (requirement D17).
type SenderList struct {
	Domains   []Name
	Addresses []Address
}

// maxSenderList bounds the entries of a list.
const maxSenderList = 1000

// ParseSenderList reads a list. Space around entries and empty entries do not
// count.
func ParseSenderList(s string) (SenderList, error) {
	var list SenderList
	n := 0
	for entry := range strings.FieldsFuncSeq(s, func(c rune) bool { return c == ',' || c == '\n' || c == '\r' }) {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		if n++; n > maxSenderList {
			return SenderList{}, Invalidf("the list has more than %d entries", maxSenderList)
		}
		if strings.Contains(entry, "@") {
			a, err := ParseAddress(entry)
			if err != nil {
				return SenderList{}, err
			}
			list.Addresses = append(list.Addresses, a)
			continue
		}
		name, err := ParseName(entry)
		if err != nil {
			return SenderList{}, err
		}
		if name.IsPublicSuffix() {
			return SenderList{}, Invalidf("%s is not one owner's domain; strangers register names below it", name)
		}
		list.Domains = append(list.Domains, name)
	}
	return list, nil
}

// Match finds the entry that an address matches, "" for none. A domain matches
// itself and what is below it, at a label boundary; an address exactly itself;
// an empty list nothing (requirements D, rows 1 to 9; T07).
func (l SenderList) Match(from Address) string {
	for _, a := range l.Addresses {
		if a == from {
			return a.String()
		}
	}
	for _, n := range l.Domains {
		if from.Domain.Under(n) {
			return string(n)
		}
	}
	return ""
}

// String writes the list with a line for each entry.
func (l SenderList) String() string {
	var lines []string
	for _, n := range l.Domains {
		lines = append(lines, string(n))
	}
	for _, a := range l.Addresses {
		lines = append(lines, a.String())
	}
	return strings.Join(lines, "\n")
}

// MarshalText implements encoding.TextMarshaler.
func (l SenderList) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *SenderList) UnmarshalText(text []byte) error {
	list, err := ParseSenderList(string(text))
	if err != nil {
		return err
	}
	*l = list
	return nil
}
