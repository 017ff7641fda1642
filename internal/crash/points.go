package crash

// Points lists every point, as "what: when": what of a transaction is the doing
// that the store names it by. The rig fails for one that is never passed, and
// TestPoints for one that is in the list and not in the source, or the other way
// round.
var Points = []string{
	// Taking a message in.
	"submission: message read",
	"accept message: before the commit",
	"accept message: after the commit",
	"accept messages: before the commit",
	"accept messages: after the commit",
	"submission: before the answer",
	// Attempting it.
	"claim deliveries: before the commit",
	"claim deliveries: after the commit",
	"attempt: before MAIL",
	"attempt: before the message",
	"attempt: before the final dot",
	"attempt: after the final dot",
	"attempt: after the reply",
	"results: before they are written",
	"finish deliveries: before the commit",
	"finish deliveries: after the commit",
	"heartbeat: before the commit",
	"heartbeat: after the commit",
	// Telling the sender that it came to nothing.
	"claim notices: after the commit",
	"notice: before it is sent",
	"notice: after it is sent",
	"finish notice: before the commit",
	"finish notice: after the commit",
	// Telling webhooks.
	"claim webhooks: after the commit",
	"webhook: before the request",
	"webhook: after the answer",
	"finish webhook: before the commit",
	"finish webhook: after the commit",
	// Taking in what comes back.
	"record returned mail: before the commit",
	"record returned mail: after the commit",
	"postmaster: before the fsync",
	"postmaster: after the fsync",
	// Clicks and unsubscriptions.
	"spool: new file",
	"spool: before the write",
	"spool: before the fsync",
	"spool: after the fsync",
	"spool: before it is taken away",
	"record visits: before the commit",
	"record visits: after the commit",
	"unsubscribe: before the commit",
	"unsubscribe: after the commit",
	// Changing settings.
	"set policy: before the commit",
	"set policy: after the commit",
	"create tenant: before the commit",
	"create tenant: after the commit",
	// The zone on disk.
	"snapshot: before the fsync",
	"snapshot: before the rename",
	"snapshot: after the rename",
	// The first start.
	"secret: before the write",
	"secret: before the fsync",
	"secret: before it has its name",
	"secret: after it has its name",
	"migrate: before the commit",
	"migrate: after the commit",
	// Certificates.
	"add ACME account: after the commit",
	"add challenge: after the commit",
	"record certificate: before the commit",
	"record certificate: after the commit",
}

// The variables of the environment that a program built with the tag crash
// heeds: the point to die at, at which passage of it (the first, when it is not
// set), and the octets that are poison in a message.
const (
	PointVariable   = "MYODAI_CRASH"
	PassageVariable = "MYODAI_CRASH_PASSAGE" // #nosec G101 -- the name of a variable
	PoisonVariable  = "MYODAI_CRASH_POISON"
)
