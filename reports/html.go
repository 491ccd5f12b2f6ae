package reports

import (
	_ "embed"
	"html/template"
	"io"
	"regexp"
	"strings"
)

var (
	//go:embed report.html.tmpl
	reportTemplate string
	//go:embed report.css
	reportStyle string
	//go:embed report.js
	reportScript string
)

// HTML writes report.html: one file that loads nothing.
func (r *Report) HTML(w io.Writer, plots []Plot) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"classOf": classOf,
		"whole":   func(cell string) string { return strings.ReplaceAll(cell, " %", "\u00a0%") },
		"inline":  func(p Plot) template.HTML { return template.HTML(inlineSVG(string(p.SVG))) },
		"diagram": func(w *Witness) template.HTML { return template.HTML(w.diagram) },
	}).Parse(reportTemplate)
	if err != nil {
		return err
	}
	return t.Execute(w, struct {
		Title, Subtitle  string
		Report           *Report
		Headline, Ladder Table
		Tables           []Table
		Plots            []Plot
		Limits           []string
		Style            template.CSS
		Script           template.JS
	}{
		r.title(), r.subtitle(), r, r.headline(), r.ladder(), r.tables(), plots, r.limits(),
		template.CSS(fontsOf(plots) + reportStyle), template.JS(reportScript),
	})
}

// classOf returns how a cell is to look that begins with the glyph of a verdict.
func classOf(cell string) string {
	switch {
	case strings.HasPrefix(cell, glyphHolds):
		return "holds"
	case strings.HasPrefix(cell, glyphViolated):
		return "violated"
	}
	return ""
}

var (
	svgProlog = regexp.MustCompile(`(?s)^.*?<svg`)
	svgFont   = regexp.MustCompile(`(?s)@font-face\{.*?\}`)
	svgFonts  = regexp.MustCompile(`(?s)<style>.*?</style>`)
	svgSize   = regexp.MustCompile(` width="[0-9.]+pt" height="[0-9.]+pt"`)
)

// fontsOf returns the fonts that plots have within them, each once: the page
// travels, and looks alike where they are not installed.
func fontsOf(plots []Plot) string {
	fonts := ""
	for _, p := range plots {
		for _, font := range svgFont.FindAllString(string(p.SVG), -1) {
			if !strings.Contains(fonts, font) {
				fonts += font + "\n"
			}
		}
	}
	return fonts
}

// inlineSVG makes of a plot a part of the page: black drawn in the page's colour,
// and nothing behind it, so that it suits light, dark and paper alike. Its fonts
// are the page's.
func inlineSVG(svg string) string {
	svg = svgProlog.ReplaceAllString(svg, "<svg")
	svg = svgFonts.ReplaceAllString(svg, "")
	svg = svgSize.ReplaceAllString(svg, "")
	for _, black := range []string{"#000000", "#000"} {
		svg = strings.ReplaceAll(svg, "stroke:"+black+";", "stroke:currentColor;")
		svg = strings.ReplaceAll(svg, "fill:"+black+";", "fill:currentColor;")
		svg = strings.ReplaceAll(svg, "fill:"+black+`"`, `fill:currentColor"`)
	}
	return strings.ReplaceAll(svg, "fill:#FFFFFF", "fill:none")
}
