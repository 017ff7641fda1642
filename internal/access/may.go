package access

import "github.com/myodai/myodai"

// Action is a kind of thing that a role allows or does not.
type Action string

const (
	ActionView        Action = "view"        // mail, its recipients, suppressions, events
	ActionSend        Action = "send"        // hand in a message, which only keys do
	ActionSuppress    Action = "suppress"    // put addresses on the suppression list and take them off
	ActionSetUp       Action = "set_up"      // domains, sender addresses, share links, webhooks (E1, C8)
	ActionCredentials Action = "credentials" // hand out API keys and SMTP passwords
	ActionMembers     Action = "members"     // invite and take away, up to one's own role
	ActionAudit       Action = "audit"       // read who did what
	ActionSignIn      Action = "sign_in"     // say how members sign in
	ActionPlatform    Action = "platform"    // tenants, and what holds for all of them
)

// Actions are all there are.
var Actions = []Action{
	ActionView, ActionSend, ActionSuppress, ActionSetUp, ActionCredentials, ActionMembers, ActionAudit, ActionSignIn, ActionPlatform,
}

// rights is who may do what. What is not in it is not allowed (T65).
//
// A platform operator may do in a tenant what helps it, and not what its people
// should do themselves; the tenant reads all of it in its audit trail (T76).
var rights = map[myodai.Role]map[Action]bool{
	myodai.RoleOperator: {
		ActionView: true, ActionSetUp: true, ActionCredentials: true, ActionMembers: true, ActionAudit: true,
		ActionSignIn: true, ActionPlatform: true, ActionSuppress: true,
	},
	myodai.RoleOwner: {
		ActionView: true, ActionSend: true, ActionSuppress: true, ActionSetUp: true, ActionCredentials: true, ActionMembers: true,
		ActionAudit: true, ActionSignIn: true,
	},
	myodai.RoleAdministrator: {
		ActionView: true, ActionSend: true, ActionSuppress: true, ActionSetUp: true, ActionCredentials: true, ActionMembers: true, ActionAudit: true,
	},
	myodai.RoleMember: {ActionView: true, ActionSend: true, ActionSuppress: true},
}

// May reports whether the role allows the action.
func May(role myodai.Role, action Action) bool { return rights[role][action] }

// above orders roles: nobody gives or takes a role above their own.
var above = map[myodai.Role]int{
	myodai.RoleMember: 1, myodai.RoleAdministrator: 2, myodai.RoleOwner: 3, myodai.RoleOperator: 4,
}

// MayGrant reports whether who has the role by may give others the role, take it
// from them, and take them away.
func MayGrant(by, role myodai.Role) bool {
	return May(by, ActionMembers) && above[role] > 0 && above[role] <= above[by]
}
