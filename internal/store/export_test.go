package store

// The statements that have to stay fast whatever is finished and however much
// waits.
const (
	DueDeliveries       = dueDeliveries
	ScheduledDeliveries = scheduledDeliveries
	ScheduledQueues     = scheduledQueues
	ExpiredDeliveries   = expiredDeliveries
)
