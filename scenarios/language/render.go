package language

import (
	"encoding/json"
	"strings"
)

// render writes a tree as JSON on one line, in the order of the source. A
// blank follows every comma and colon, as YAML's flow style wants it.
func (t *tree) render() string {
	var b strings.Builder
	t.renderTo(&b)
	return b.String()
}

func (t *tree) renderTo(b *strings.Builder) {
	switch t.kind {
	case kindNull:
		b.WriteString("null")
	case kindBool, kindNumber:
		b.WriteString(t.text)
	case kindText:
		renderText(b, t.text)
	case kindSequence:
		b.WriteByte('[')
		for i, item := range t.items {
			if i > 0 {
				b.WriteString(", ")
			}
			item.renderTo(b)
		}
		b.WriteByte(']')
	case kindMapping:
		b.WriteByte('{')
		for i, e := range t.entries {
			if i > 0 {
				b.WriteString(", ")
			}
			renderText(b, e.key)
			b.WriteString(": ")
			e.value.renderTo(b)
		}
		b.WriteByte('}')
	}
}

func renderText(b *strings.Builder, text string) {
	var quoted strings.Builder
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		panic("language: a text that JSON cannot hold: " + err.Error()) // none exists
	}
	b.WriteString(strings.TrimSuffix(quoted.String(), "\n"))
}
