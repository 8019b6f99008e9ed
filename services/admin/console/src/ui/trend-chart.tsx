import { useEffect, useRef } from 'react'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

interface Props {
  readonly label: string
  /** Oldest first. `value` is for drawing alone: the table beside the chart has the exact figures. */
  readonly points: readonly { readonly at: string; readonly value: number }[]
  readonly locale: string
}

const HEIGHT_PX = 220

const DAY_SECONDS = 86_400
const LEAST_DAYS = 7
/** Between two names of days on the axis. */
const STEPS = [1, 2, 7, 14, 30, 60, 90, 180, 365].map((days) => days * DAY_SECONDS)

/** A week at least, so that the first few days do not stand at the edge. @param times - seconds, oldest first */
function daysAround(times: readonly number[]): [number, number] {
  const [first = 0, last = first] = [times[0], times.at(-1)]
  const lacking = Math.max(0, LEAST_DAYS * DAY_SECONDS - (last - first))
  return [first - lacking / 2, last + lacking / 2]
}

/** A line over time. It says nothing that the table beside it does not, so screen readers get its name alone. */
export function TrendChart({ label, points, locale }: Props) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const host = place.current
    if (!host) return
    const times = points.map(({ at }) => Date.parse(at) / 1_000)
    const draw = () => {
      const { color, borderTopColor, outlineColor } = getComputedStyle(host)
      const axis = { stroke: color, grid: { stroke: borderTopColor, width: 1 }, ticks: { show: false } }
      const figure = new Intl.NumberFormat(locale, { notation: 'compact' })
      const day = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', timeZone: 'UTC' })
      return new UPlot(
        {
          width: host.clientWidth,
          height: HEIGHT_PX,
          tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1_000), 'UTC'), // windows are UTC days
          legend: { show: false },
          cursor: { show: false },
          scales: {
            x: { range: () => daysAround(times) }, // uPlot takes one day for three years
            y: { range: (_plot, _least, most) => [0, Math.max(most * 1.1, 1)] },
          },
          axes: [
            { ...axis, incrs: STEPS, values: (_plot, splits) => splits.map((seconds) => day.format(seconds * 1_000)) },
            { ...axis, size: 60, values: (_plot, splits) => splits.map((value) => figure.format(value)) },
          ],
          series: [{}, { label, stroke: outlineColor, width: 2, points: { show: true, size: 6, fill: outlineColor } }],
        },
        [times, points.map(({ value }) => value)],
        host,
      )
    }
    let chart = draw()
    const again = () => {
      chart.destroy()
      chart = draw()
    }
    const size = new ResizeObserver(() => chart.setSize({ width: host.clientWidth, height: HEIGHT_PX }))
    size.observe(host)
    // A canvas knows nothing of style sheets: it is painted anew when the colours change.
    const colours = matchMedia('(prefers-color-scheme: dark)')
    colours.addEventListener('change', again)
    const theme = new MutationObserver(again)
    theme.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    return () => {
      size.disconnect()
      theme.disconnect()
      colours.removeEventListener('change', again)
      chart.destroy()
    }
  }, [label, points, locale])
  return <div className="chart" role="img" aria-label={label} ref={place} />
}
