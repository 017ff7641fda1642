// Package crash names the moments at which the program's death must lose
// nothing, so that a test can make it die there.
//
// Built as usual, nothing of it is left: Point and Poison do nothing, and the
// compiler takes the calls out. Built with the tag crash, the environment says
// at which point, at the how manyth passage, the process kills itself with
// SIGKILL, which nothing can catch: no deferred call runs, no buffer is flushed.
// The rig in e2e builds such a program, takes it through every point of the
// list under load, and compares what was answered for with what arrived (P01).
package crash
