package access

// TOTPCode is the code that an authenticator app shows at a step.
var TOTPCode = totpCode
