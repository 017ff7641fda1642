package access

// realCost is what a password costs outside of tests.
var realCost = passwordCost

// Tests hash many passwords, and none that is worth anything.
func init() { passwordCost = cost{time: 1, memory: 64, threads: 1} }

// TOTPCode is the code that an authenticator app shows at a step.
var TOTPCode = totpCode
