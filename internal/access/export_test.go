package access

// Tests hash many passwords, and none that is worth anything.
func init() { passwordCost = cost{time: 1, memory: 64, threads: 1} }

// TOTPCode is the code that an authenticator app shows at a step.
var TOTPCode = totpCode

// RealCost is what a password costs outside of tests.
var RealCost = cost{time: 3, memory: 64 << 10, threads: 4}
