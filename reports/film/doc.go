// Package film retells a run in forms that travel: a page that replays it in a
// browser without a server, a space-time diagram as SVG, a log for ShiViz, a
// recording for asciinema.
//
// A [Film] is what one run showed, frame by frame: a frame is a step of the run. It
// is shot by executing the run again (Shoot), so that it has what no trace holds:
// the state of the nodes, and which messages are under way. A camera may be told
// to keep some of the steps only; the film then says where it was cut.
//
// Runs that check found in models (Explored) and lives of real nodes (Lived) are filmed
// too: of those there are states and steps, and of messages no more than is known.
//
// The same run gives the same film, and the same bytes in each form. Pages load
// nothing: style and script are within them.
//
// Of this module the package may import protocols, protocols/state, network, sim,
// sim/trace, checker/explore, scenarios and scenarios/language.
package film
