// Package retention removes what has been kept for as long as policy says (T80):
// the texts of messages first, then messages with all that belongs to them, and
// events. Suppressions, sums and the audit trail stay.
//
// A clock that jumps would let young mail look old, so nothing is removed while the
// clock is not believed (P16).
package retention
