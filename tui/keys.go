package tui

import (
	"fmt"
	"strings"
)

// act is what a key does.
type act int

const (
	actNone act = iota
	actForward
	actBack
	actDown
	actUp
	actStart
	actEnd
	actPageDown
	actPageUp
	actPlay
	actEnter
	actDrop
	actDuplicate
	actDelay
	actCrash
	actRestart
	actPartition
	actHeal
	actNextViolation
	actLastViolation
	actSlower
	actFaster
	actNextPanel
	actPanel
	actZoom
	actMark
	actJump
	actFilter
	actCommand
	actUndo
	actRedo
	actExport
	actHelp
	actQuit
	actPredict
	actTell
	actBranches
	actRuns
	actPrevent
	actNode
	actDiff
	actCancel
)

// binding is one entry of the KeyMap: keys that do the same.
type binding struct {
	act  act
	keys []string // as Bubble Tea names them; the first is shown in the footer
	show string   // how the keys are written for people
	help string   // what they do, for the table
	foot string   // a word or two for the footer
	area string   // the heading under which the table has them
}

// keyMap is the one list of keys: of it come what keys do, the footer, the help
// and the table of the manual. Of vim a number before a key that moves counts.
var keyMap = []binding{
	{actForward, []string{"l", "right", "n"}, "l → n", "a step on (10l: ten)", "step", "walk"},
	{actBack, []string{"h", "left", "p"}, "h ← p", "a step back", "back", "walk"},
	{actDown, []string{"j", "down"}, "j ↓", "down in the panel; a step on in the diagram", "", "walk"},
	{actUp, []string{"k", "up"}, "k ↑", "up in the panel; a step back in the diagram", "", "walk"},
	{actStart, []string{"g", "home"}, "g", "to the start", "", "walk"},
	{actEnd, []string{"G", "end"}, "G", "to the end (40G: to step 40)", "end", "walk"},
	{actPageDown, []string{"ctrl+d", "pgdown"}, "ctrl+d", "half a screen on", "", "walk"},
	{actPageUp, []string{"ctrl+u", "pgup"}, "ctrl+u", "half a screen back", "", "walk"},
	{actPlay, []string{"space"}, "space", "play, or stop: it stops at questions and violations", "play", "walk"},
	{actSlower, []string{"["}, "[", "play slower", "", "walk"},
	{actFaster, []string{"]"}, "]", "play faster", "", "walk"},
	{actNextViolation, []string{"v"}, "v", "to the next violation, and why it is one", "violation", "walk"},
	{actLastViolation, []string{"V"}, "V", "to the violation before", "", "walk"},
	{actEnter, []string{"enter"}, "enter", "inbox: let the item happen now; else: inspect the step", "now", "act"},
	{actDrop, []string{"x"}, "x", "inbox: drop the message, or keep a planned fault from happening", "drop", "act"},
	{actDuplicate, []string{"D"}, "D", "inbox: deliver the message twice", "", "act"},
	{actDelay, []string{"w"}, "w", "inbox: delay the item by 0.5 s", "delay", "act"},
	{actPrevent, []string{"X"}, "X", "keep the last planned fault before this step from happening", "prevent", "act"},
	{actCrash, []string{"c"}, "c", "crash a node", "crash", "act"},
	{actRestart, []string{"r"}, "r", "restart a node", "", "act"},
	{actPartition, []string{"P"}, "P", "partition: groups of nodes, or a usual shape", "cut", "act"},
	{actHeal, []string{"H"}, "H", "heal all partitions", "", "act"},
	{actUndo, []string{"z"}, "z", "undo: back to where you acted last (the branch stays)", "undo", "act"},
	{actRedo, []string{"ctrl+r"}, "ctrl+r", "redo", "", "act"},
	{actNextPanel, []string{"tab"}, "tab", "the next panel", "panel", "look"},
	{actPanel, []string{"1", "2", "3", "4", "5", "6"}, "1–6", "inbox, diagram, inspector, difference, history, verdicts", "", "look"},
	{actZoom, []string{"+"}, "+", "the panel as large as the screen, or as it was", "", "look"},
	{actNode, []string{"o"}, "o", "the inbox of one node, of the next, of all", "", "look"},
	{actDiff, []string{"d"}, "d", "compare with: the step before, a mark, another branch", "", "look"},
	{actBranches, []string{"b"}, "b", "the list of branches", "branches", "look"},
	{actRuns, []string{"R"}, "R", "the next run of the scenario", "", "look"},
	{actPredict, []string{"a"}, "a", "answer the question: predict, then see", "answer", "look"},
	{actTell, []string{"t"}, "t", "read narration or reason as a whole", "", "look"},
	{actMark, []string{"m"}, "m", "mark this place with a letter", "", "look"},
	{actJump, []string{"'"}, "'", "jump to a mark", "", "look"},
	{actFilter, []string{"/"}, "/", "show only steps with node:N type:T key:K words", "filter", "look"},
	{actCommand, []string{":"}, ":", "a command; :help lists them", "", "look"},
	{actExport, []string{"e"}, "e", "export: trace and other forms", "export", "look"},
	{actCancel, []string{"esc"}, "esc", "stop what is under way; show all steps again", "", "look"},
	{actHelp, []string{"?"}, "?", "all keys; typing filters them", "help", "look"},
	{actQuit, []string{"q", "ctrl+c"}, "q", "quit", "quit", "look"},
}

// actOf returns what a key does.
func actOf(key string) act {
	for _, b := range keyMap {
		for _, k := range b.keys {
			if k == key {
				return b.act
			}
		}
	}
	return actNone
}

// footers lists which keys the footer shows: those that matter in the inbox (true),
// and elsewhere. Help and quit stand at its end.
var footers = map[bool][]act{
	true:  {actEnter, actDrop, actDelay, actForward, actBack, actCrash, actPartition, actUndo, actNextPanel},
	false: {actForward, actBack, actPlay, actNextViolation, actPrevent, actPartition, actCrash, actBranches, actNextPanel},
}

// Keys returns all keys, as Bubble Tea names them.
func Keys() []string {
	var all []string
	for _, b := range keyMap {
		all = append(all, b.keys...)
	}
	return all
}

// KeyTable returns the table of all keys, a line each, with a margin.
func KeyTable(margin string) string {
	var table strings.Builder
	for _, b := range keyMap {
		fmt.Fprintf(&table, "%s%-8s %s\n", margin, b.show, b.help)
	}
	return table.String()
}
