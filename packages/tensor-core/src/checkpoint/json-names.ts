/**
 * Names in a JSON object, which JSON.parse does not tell: it moves names that are numbers to the front, and of a name
 * that occurs twice it silently keeps the last.
 *
 * @param json - an object that JSON.parse accepts
 * @returns `names`: those of the outermost object, in their order; `twice`: one that occurs twice in the same object,
 * however deep
 */
export function jsonNames(json: string): { names: string[]; twice: string | undefined } {
  const names: string[] = []
  const open: (Set<string> | null)[] = [] // the names of each object around, null for an array
  let twice: string | undefined
  for (let at = 0; at < json.length; at++) {
    const character = json[at]
    if (character === '{') open.push(new Set())
    else if (character === '[') open.push(null)
    else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
      const end = endOfString(json, at)
      if (colonFollows(json, end)) {
        const name = JSON.parse(json.slice(at, end)) as string
        if (open.at(-1)?.has(name)) twice ??= name
        open.at(-1)?.add(name)
        if (open.length === 1) names.push(name)
      }
      at = end - 1
    }
  }
  return { names, twice }
}

function endOfString(json: string, start: number): number {
  let quote = json.indexOf('"', start + 1)
  while (isEscaped(json, quote)) quote = json.indexOf('"', quote + 1)
  return quote + 1
}

function isEscaped(json: string, at: number): boolean {
  let first = at
  while (json[first - 1] === '\\') first--
  return (at - first) % 2 === 1
}

function colonFollows(json: string, at: number): boolean {
  let next = at
  while (' \t\n\r'.includes(json[next])) next++
  return json[next] === ':'
}
