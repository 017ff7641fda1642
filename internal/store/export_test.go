package store

// The statements that have to stay fast whatever is finished and however much
// waits.
const (
	DueDeliveries       = dueDeliveries
	ScheduledDeliveries = scheduledDeliveries
	ScheduledQueues     = scheduledQueues
	ExpiredDeliveries   = expiredDeliveries
)

// CallFrequent makes domains frequent that get more than n of a tenant's
// deliveries, until the returned function is called.
func CallFrequent(n int) (undo func()) {
	before := frequent
	frequent = n
	return func() { frequent = before }
}
