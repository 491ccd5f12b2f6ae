package charts

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Point is one point of a series. Label, if not "", is written beside it.
type Point struct {
	X, Y  float64
	Label string
}

// Series is a line through points, or the points alone.
type Series struct {
	Name   string
	Points []Point
	// Style picks colour, dashes and glyph: equal ones look alike.
	Style int
	// Dots draws points only, Step a line that stays until the next point.
	Dots, Step bool
}

// Band is a shaded span of the horizontal axis.
type Band struct{ From, To float64 }

// Panel is one plot.
type Panel struct {
	Title, X, Y string
	Series      []Series
	Bands       []Band
	LogX, LogY  bool
	// Low and High bound the vertical axis, if High is above Low.
	Low, High float64
	// Names, if not nil, stand at 0, 1, … of the vertical axis; Ticks at those
	// of the horizontal axis.
	Names, Ticks []string
	// Legend tells the names of the series: of bars above them, else below.
	Legend bool
	// Bars draws each series as bars beside each other, at 0, 1, …
	Bars bool
}

var palette = []color.Color{
	color.RGBA{0x00, 0x72, 0xB2, 255},
	color.RGBA{0xD5, 0x5E, 0x00, 255},
	color.RGBA{0x00, 0x9E, 0x73, 255},
	color.RGBA{0xCC, 0x79, 0xA7, 255},
	color.RGBA{0xE6, 0x9F, 0x00, 255},
	color.RGBA{0x56, 0xB4, 0xE9, 255},
	color.RGBA{0x9C, 0x75, 0x5F, 255},
	color.RGBA{0x80, 0x80, 0x80, 255},
	color.RGBA{0x94, 0x67, 0xBD, 255},
}

var glyphs = []draw.GlyphDrawer{
	draw.CircleGlyph{},
	draw.CrossGlyph{},
	draw.TriangleGlyph{},
	draw.SquareGlyph{},
	draw.PlusGlyph{},
	draw.RingGlyph{},
	draw.PyramidGlyph{},
	draw.BoxGlyph{},
	draw.CircleGlyph{},
}

var dashes = [][]vg.Length{
	nil, {6, 3}, {2, 2}, {8, 2, 2, 2}, {10, 4}, {1, 3}, {5, 1}, {3, 3, 1, 3}, {12, 2},
}

// bandColor shades what lasts: light enough for a line of any colour on it.
var bandColor = color.NRGBA{0x80, 0x80, 0x80, 0x30}

// finite leaves out what a panel cannot show.
func (p *Panel) finite(points []Point) plotter.XYs {
	var kept plotter.XYs
	for _, at := range points {
		if p.shows(at) {
			kept = append(kept, plotter.XY{X: at.X, Y: at.Y})
		}
	}
	return kept
}

func (p *Panel) shows(at Point) bool {
	bad := func(v float64, log bool) bool { return math.IsNaN(v) || math.IsInf(v, 0) || log && v <= 0 }
	return !bad(at.X, p.LogX) && !bad(at.Y, p.LogY)
}

// build makes the gonum plot. Bands lie below what is drawn, and are as high as
// that makes the axes: so it is drawn twice.
func (p *Panel) build() (*plot.Plot, error) {
	sized, drawn, err := p.drawn(nil)
	if err != nil || drawn == 0 || len(p.Bands) == 0 {
		return sized, err
	}
	made, _, err := p.drawn(sized)
	return made, err
}

// drawn draws the panel, with bands if it is known how large it is, and returns
// how many points it shows.
func (p *Panel) drawn(sized *plot.Plot) (*plot.Plot, int, error) {
	made := plot.New()
	made.Title.Text, made.X.Label.Text, made.Y.Label.Text = p.Title, p.X, p.Y
	for _, style := range []struct {
		font *font.Font
		size vg.Length
	}{
		{&made.Title.TextStyle.Font, 10},
		{&made.X.Label.TextStyle.Font, 9},
		{&made.Y.Label.TextStyle.Font, 9},
		{&made.X.Tick.Label.Font, 8},
		{&made.Y.Tick.Label.Font, 8},
		{&made.Legend.TextStyle.Font, 8},
	} {
		style.font.Size, style.font.Variant = style.size, "Sans"
	}
	made.BackgroundColor = color.White
	made.Legend.Top, made.Legend.ThumbnailWidth = p.Bars, 24
	if sized != nil {
		made.X.Min, made.X.Max, made.Y.Min, made.Y.Max = sized.X.Min, sized.X.Max, sized.Y.Min, sized.Y.Max
		for _, band := range p.Bands {
			if err := p.shade(made, band); err != nil {
				return nil, 0, err
			}
		}
	}
	drawn := 0
	for i := range p.Series {
		n, err := p.add(made, i)
		if err != nil {
			return nil, 0, err
		}
		drawn += n
	}
	if drawn == 0 {
		made.HideAxes()
		made.Title.Text += "\nnothing to show"
		return made, 0, nil
	}
	if p.High > p.Low {
		made.Y.Min, made.Y.Max = p.Low, p.High
	}
	if p.Bars {
		made.Y.Max *= 1.25 // room for the legend
	}
	p.scales(made)
	return made, drawn, nil
}

// scales sets what depends on the range of the points.
func (p *Panel) scales(made *plot.Plot) {
	if p.LogX {
		made.X.Min, made.X.Max = decades(made.X.Min, made.X.Max)
		made.X.Scale, made.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	if p.LogY {
		made.Y.Min, made.Y.Max = decades(made.Y.Min, made.Y.Max)
		made.Y.Scale, made.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	if p.Names != nil {
		made.Y.Min, made.Y.Max, made.Y.Tick.Marker = -0.5, float64(len(p.Names))-0.5, named(p.Names)
	}
	if p.Ticks != nil {
		made.X.Min, made.X.Max, made.X.Tick.Marker = -0.6, float64(len(p.Ticks))-0.4, named(p.Ticks)
		made.X.Tick.Label.Rotation, made.X.Tick.Label.XAlign, made.X.Tick.Label.YAlign = math.Pi/6, draw.XRight, draw.YCenter
	}
}

// decades widens a range to whole powers of ten, which are not equal.
func decades(low, high float64) (float64, float64) {
	from, to := math.Floor(math.Log10(low)+1e-9), math.Ceil(math.Log10(high)-1e-9)
	if to <= from {
		to = from + 1
	}
	return math.Pow(10, from), math.Pow(10, to)
}

func named(names []string) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for i, name := range names {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: name})
	}
	return ticks
}

// shade draws a band over the whole height, within the range of the axes.
func (p *Panel) shade(made *plot.Plot, band Band) error {
	from, to := max(band.From, made.X.Min), min(band.To, made.X.Max)
	if !(to > from) {
		return nil
	}
	shape, err := plotter.NewPolygon(plotter.XYs{
		{X: from, Y: made.Y.Min}, {X: to, Y: made.Y.Min}, {X: to, Y: made.Y.Max}, {X: from, Y: made.Y.Max},
	})
	if err != nil {
		return err
	}
	shape.Color, shape.LineStyle.Width = bandColor, 0
	made.Add(shape)
	return nil
}

// add adds a series, and returns how many points of it are shown.
func (p *Panel) add(made *plot.Plot, i int) (int, error) {
	s := &p.Series[i]
	points := p.finite(s.Points)
	if len(points) == 0 {
		return 0, nil
	}
	style := s.Style % len(palette)
	if p.Bars {
		return len(points), p.bars(made, i, points)
	}
	if s.Dots {
		dots, err := plotter.NewScatter(points)
		if err != nil {
			return 0, err
		}
		dots.GlyphStyle = draw.GlyphStyle{Color: palette[style], Shape: glyphs[style], Radius: 2.2}
		made.Add(dots)
		if p.Legend && s.Name != "" {
			made.Legend.Add(s.Name, dots)
		}
		return len(points), p.label(made, s)
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return 0, err
	}
	line.LineStyle = draw.LineStyle{Color: palette[style], Width: 1.4, Dashes: dashes[style]}
	if s.Step {
		line.StepStyle = plotter.PostStep
	}
	made.Add(line)
	if p.Legend && s.Name != "" {
		made.Legend.Add(s.Name, line)
	}
	return len(points), nil
}

// label writes the labels of a series beside its points.
func (p *Panel) label(made *plot.Plot, s *Series) error {
	var labels plotter.XYLabels
	for _, at := range s.Points {
		if at.Label != "" && p.shows(at) {
			labels.XYs, labels.Labels = append(labels.XYs, plotter.XY{X: at.X, Y: at.Y}), append(labels.Labels, at.Label)
		}
	}
	if len(labels.Labels) == 0 {
		return nil
	}
	text, err := plotter.NewLabels(labels)
	if err != nil {
		return err
	}
	for i := range text.TextStyle {
		text.TextStyle[i].Font.Size, text.TextStyle[i].Font.Variant = 8, "Sans"
		text.TextStyle[i].Color = palette[s.Style%len(palette)]
	}
	text.Offset = vg.Point{X: 4, Y: -3}
	made.Add(text)
	return nil
}

// barWidth is that of one bar.
const barWidth = vg.Length(11)

func (p *Panel) bars(made *plot.Plot, i int, points plotter.XYs) error {
	values := make(plotter.Values, len(p.Ticks))
	for _, at := range points {
		if place := int(at.X); place >= 0 && place < len(values) {
			values[place] = at.Y
		}
	}
	bars, err := plotter.NewBarChart(values, barWidth)
	if err != nil {
		return err
	}
	s := &p.Series[i]
	bars.Color, bars.LineStyle.Width = palette[s.Style%len(palette)], 0.5
	bars.Offset = barWidth * vg.Length(2*i-len(p.Series)+1) / 2
	made.Add(bars)
	if p.Legend {
		made.Legend.Add(s.Name, bars)
	}
	return nil
}
