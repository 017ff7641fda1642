package store

// DueDeliveries is the statement that has to stay fast whatever is finished.
const DueDeliveries = dueDeliveries
