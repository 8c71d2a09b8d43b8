// Draws every picture of docs/images. `npm run draw`; `--check` fails when one is stale.
import './draw-window-and-slopes.js'
import './draw-attention-tiles.js'
