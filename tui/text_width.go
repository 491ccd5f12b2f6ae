package tui

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// columns returns how wide a text is on the screen.
func columns(text string) int { return lipgloss.Width(text) }

// fit makes a text exactly so many columns wide: cut with an ellipsis, or padded.
func fit(text string, width int) string {
	if width <= 0 {
		return ""
	}
	w := columns(text)
	if w > width {
		text = cut(text, width-1) + "…"
		w = columns(text)
	}
	return text + strings.Repeat(" ", width-w)
}

// cut cuts a text that is wider than so many columns.
func cut(text string, width int) string {
	if width <= 0 {
		return ""
	}
	return lipgloss.NewStyle().MaxWidth(width).Render(text)
}

// fill makes a block of exactly so many lines of so many columns.
func fill(lines []string, width, height int) []string {
	block := make([]string, 0, height)
	for i := range height {
		line := ""
		if i < len(lines) {
			line = lines[i]
		}
		block = append(block, fit(line, width))
	}
	return block
}

// folded breaks a text into lines of at most so many columns. A text with Chinese in it
// has no escapes.
func folded(text string, width int) []string {
	if width < 1 {
		return nil
	}
	if strings.ContainsFunc(text, wide) && !strings.Contains(text, "\x1b") {
		var lines []string
		for line := range strings.SplitSeq(text, "\n") {
			lines = append(lines, Wrap(line, width, 0)...)
		}
		return lines
	}
	return strings.Split(lipgloss.Wrap(text, width, ""), "\n")
}

// beside joins blocks of lines, all of one height, with a separator.
func beside(separator string, blocks ...[]string) []string {
	joined := make([]string, len(blocks[0]))
	for i := range joined {
		parts := make([]string, len(blocks))
		for k, block := range blocks {
			parts[k] = block[i]
		}
		joined[i] = strings.Join(parts, separator)
	}
	return joined
}
