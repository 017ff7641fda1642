package hygiene

import (
	"strings"
	"time"
)

// columns says where in a table the cells stand that we read; -1 for nowhere.
type columns struct {
	address, at, reason, class, expires, evidence int
	header                                        bool // the first row holds names
}

// The names of columns, in lower case and without space, hyphen and underscore.
var (
	addressNames = names("email emailaddress mail mailaddress address recipient to user username login " +
		"メール メールアドレス eメール eメールアドレス アドレス 宛先 受信者 会員メールアドレス")
	timeNames = names("created createdat registered registeredat registrationdate signup signupat signupdate subscribed subscribedat " +
		"subscriptiondate date timestamp time joined joinedat since 登録日 登録日時 登録日付 作成日 作成日時 入会日 会員登録日 日時")
	reasonNames   = names("reason cause type 理由")
	classNames    = names("class stream category 種別 区分")
	evidenceNames = names("evidence note notes comment メモ 備考 根拠")
	expiresNames  = names("expires expiresat until 期限 有効期限")
)

func names(list string) map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(list) {
		set[name] = true
	}
	return set
}

var plainName = strings.NewReplacer(" ", "", "-", "", "_", "", "\u3000", "", "\ufeff", "")

// columnsOf looks at the first row: either it names the columns, or the first
// cell with an @ is the address, and the first that is an instant the time.
func columnsOf(row []string) columns {
	c := columns{-1, -1, -1, -1, -1, -1, false}
	for i, cell := range row {
		name := plainName.Replace(strings.ToLower(strings.TrimSpace(cell)))
		for _, column := range []struct {
			names map[string]bool
			at    *int
		}{{addressNames, &c.address}, {timeNames, &c.at}, {reasonNames, &c.reason}, {classNames, &c.class}, {expiresNames, &c.expires},
			{evidenceNames, &c.evidence}} {
			if *column.at < 0 && column.names[name] {
				*column.at = i
			}
		}
	}
	if c.header = c.address >= 0; c.header {
		return c
	}
	c = columns{-1, -1, -1, -1, -1, -1, false}
	for i, cell := range row {
		if c.address < 0 && strings.Contains(cell, "@") {
			c.address = i
		} else if _, ok := parseTime(cell); c.at < 0 && ok {
			c.at = i
		}
	}
	if c.address < 0 {
		c.address = 0
	}
	return c
}

// cell is the text of a column, without the white space around it and without the
// apostrophe that keeps spreadsheets from calculating it; "" when there is none.
func cell(row []string, column int) string {
	if column < 0 || column >= len(row) {
		return ""
	}
	text := strings.TrimSpace(row[column])
	if rest, ok := strings.CutPrefix(text, "'"); ok && rest != "" && strings.ContainsRune(formulaStarts, []rune(rest)[0]) {
		return rest
	}
	return text
}

// formulaStarts are the characters with which spreadsheets begin a formula,
// full-width forms included (T48).
const formulaStarts = "=+-@\t\r\n＝＋－＠"

// inCell is text for a cell that no spreadsheet calculates (T48).
func inCell(text string) string {
	if text != "" && strings.ContainsRune(formulaStarts, []rune(text)[0]) {
		return "'" + text
	}
	return text
}

// timeLayouts are how databases and spreadsheets write instants.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006/01/02 15:04:05", "2006/01/02 15:04",
	"2006/1/2 15:04:05", "2006/1/2 15:04", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05.999999",
	"2006-01-02", "2006/01/02", "2006/1/2", "02.01.2006 15:04", "Jan 2, 2006 15:04:05",
}

// parseTime reads an instant; where no time zone is told it is taken for UTC,
// which is as good as any for telling hours apart.
func parseTime(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	if len(text) < len("2006/1/2") || len(text) > 40 || strings.Contains(text, "@") {
		return time.Time{}, false
	}
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, text); err == nil && at.Year() > 1970 && at.Year() < 2200 {
			return at, true
		}
	}
	return time.Time{}, false
}
