package film

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"
)

var (
	//go:embed page.html.tmpl
	pageTemplate string
	//go:embed page.css
	pageStyle string
	//go:embed page.js
	pageScript string
)

// Page writes a page that replays the film in a browser: a slider, the diagram, a
// node's inbox and state, the verdicts. It is one file and loads nothing. It opens
// at a step, 0 for the first.
func (f *Film) Page(w io.Writer, step uint64) error {
	t, err := template.New("page").Parse(pageTemplate)
	if err != nil {
		return err
	}
	var diagram strings.Builder
	if err := f.Diagram(&diagram, true); err != nil {
		return err
	}
	start := 0
	for i := range f.Frames {
		if f.Frames[i].Step <= step {
			start = i
		}
	}
	data, err := json.Marshal(struct {
		*Film
		Start int `json:"start"`
	}{f, start}) // with < escaped, so that nothing in it ends the script
	if err != nil {
		return err
	}
	cut := ""
	if uint64(len(f.Frames)) < f.Steps {
		cut = fmt.Sprintf("%d of %d steps", len(f.Frames), f.Steps)
	}
	return t.Execute(w, struct {
		Film    *Film
		Cut     string
		Style   template.CSS
		Diagram template.HTML
		JSON    template.JS
		Script  template.JS
	}{f, cut, template.CSS(pageStyle), template.HTML(diagram.String()), template.JS(data), template.JS(pageScript)})
}
