package charts

import (
	"bytes"
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Draw draws panels in so many columns, each of a width and height in points.
func Draw(panels []Panel, columns int, width, height float64) ([]byte, error) {
	if len(panels) == 0 {
		return nil, fmt.Errorf("charts: there is no panel to draw")
	}
	columns = min(columns, len(panels))
	rows := (len(panels) + columns - 1) / columns
	grid := make([][]*plot.Plot, rows)
	for i := range grid {
		grid[i] = make([]*plot.Plot, columns)
	}
	for i := range panels {
		made, err := panels[i].build()
		if err != nil {
			return nil, fmt.Errorf("charts: %s: %w", panels[i].Title, err)
		}
		grid[i/columns][i%columns] = made
	}
	canvas := vgsvg.NewWith(
		vgsvg.UseWH(vg.Length(width)*vg.Length(columns), vg.Length(height)*vg.Length(rows)), vgsvg.EmbedFonts(true),
	)
	tiles := draw.Tiles{Rows: rows, Cols: columns, PadX: 8, PadY: 8, PadTop: 6, PadBottom: 6, PadLeft: 6, PadRight: 8}
	places := plot.Align(grid, tiles, draw.New(canvas))
	for i := range grid {
		for j := range grid[i] {
			if grid[i][j] != nil {
				grid[i][j].Draw(places[i][j])
			}
		}
	}
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return nil, fmt.Errorf("charts: %w", err)
	}
	return svg.Bytes(), nil
}
