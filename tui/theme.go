package tui

import (
	"image/color"

	"charm.land/lipgloss/v2"

	"quorumlab/tui/timeline"
)

// The glyphs of verdicts.
const (
	glyphHolds    = "✓"
	glyphViolated = "✗"
	glyphOpen     = "·"
)

// glyphs of the kinds of steps. Each is one column wide, and they differ in shape.
var glyphs = map[timeline.Mark]rune{
	timeline.Receives: '●', timeline.Fires: '◷', timeline.Forces: '■', timeline.Boots: '▲', timeline.Stops: '✖',
	timeline.Pauses: '‖', timeline.Resumes: '▶', timeline.Asks: '?', timeline.Requests: '◆', timeline.Answers: '◇',
	timeline.Loses: '○', timeline.Duplicates: '⧉', timeline.Corrupts: '≁', timeline.Breaks: '╫', timeline.Faults: '!',
}

func glyphOf(m timeline.Mark) rune { return glyphs[m] }

// theme has every colour of the screen. The hues are those of Okabe and Ito's
// palette, which people tell apart who do not see red and green apart; none of
// them carries a meaning without a glyph or a word.
type theme struct {
	title, faint, strong, selected, key lipgloss.Style
	holds, violated, open, fault        lipgloss.Style
	message, client, past, frame, focus lipgloss.Style
	added, removed, changed             lipgloss.Style
}

// newTheme makes the theme for a dark or a light background.
func newTheme(dark bool) theme {
	pick := lipgloss.LightDark(dark)
	ink := func(light, dark string) lipgloss.Style {
		return lipgloss.NewStyle().Foreground(pick(hue(light), hue(dark)))
	}
	blue, orange, purple := ink("#0072B2", "#56B4E9"), ink("#9A5B00", "#E69F00"), ink("#8F3F71", "#CC79A7")
	grey := ink("#6c6c6c", "#8a8a8a")
	return theme{
		title: lipgloss.NewStyle().Bold(true), strong: lipgloss.NewStyle().Bold(true), faint: grey,
		selected: lipgloss.NewStyle().Reverse(true), key: blue.Bold(true),
		holds: blue, violated: orange.Bold(true), open: grey, fault: orange,
		message: blue, client: purple, past: lipgloss.NewStyle().Bold(true), frame: grey, focus: blue,
		added: blue, removed: orange, changed: purple,
	}
}

func hue(hex string) color.Color { return lipgloss.Color(hex) }
