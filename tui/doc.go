// Package tui is the stepper's screen: what people see of a timeline
// (tui/timeline), and the keys by which they walk and act in it.
//
// The Model is one of Bubble Tea's: Update turns keys into calls of the timeline,
// View draws what it is then. What takes long (to execute a branch, to judge it,
// to search it) is a command, with a context that ends it and the number of its
// generation, so that what comes too late is thrown away. A screen is a frame of
// panels; the frame owns the borders and gives each panel its size, a panel only
// fills it with lines.
//
// One KeyMap feeds the keys, the footer, the help and the table of keys in the
// manual. One theme (theme.go) has all glyphs and colours: a meaning is always a
// glyph and a word, the colour comes on top of it.
//
// Where there is no terminal, Text writes the same a line an event.
package tui
