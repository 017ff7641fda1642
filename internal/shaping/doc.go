// Package shaping knows how politely mail leaves: how many connections and
// messages a site may be given, what its replies ask of us, from which addresses
// each class of mail goes, and how new addresses are warmed up.
//
// All of it is data. The built-in default is rules.yaml beside this file; an
// operator's file stands over it. What a reply changes is a function of the state
// before, the reply, the rules and the time, and nothing else.
//
// The numbers of the default are folklore where it does not say otherwise: few
// mailbox providers publish theirs, and those that do change them. They begin
// low, and what a site says decides from there on.
package shaping
