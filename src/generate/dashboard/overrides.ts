import type { DynamicConfigValue, MatcherConfig, ValueMapping } from "@grafana/grafana-foundation-sdk/dashboard";
import { MappingType } from "@grafana/grafana-foundation-sdk/dashboard";
import { type Labels, linkUrl } from "./link.ts";
import type { Link, Look, Mapping, Series, Threshold } from "./model.ts";
import { refId } from "./target.ts";

export interface Override {
  readonly matcher: MatcherConfig;
  readonly properties: DynamicConfigValue[];
}

const fixed = (color: string): DynamicConfigValue => ({ id: "color", value: { mode: "fixed", fixedColor: color } });
const dashed: DynamicConfigValue = { id: "custom.lineStyle", value: { fill: "dash", dash: [8, 6] } };
const noFill: DynamicConfigValue = { id: "custom.fillOpacity", value: 0 };
const alone: DynamicConfigValue = { id: "custom.stacking", value: { mode: "none", group: "A" } };
const asLine: DynamicConfigValue = { id: "custom.drawStyle", value: "line" };

/** How a series is drawn apart from its panel's others. */
const looks: Readonly<Record<Look, readonly DynamicConfigValue[]>> = {
  warning: [fixed("orange"), dashed, noFill, alone, asLine],
  critical: [fixed("red"), dashed, noFill, alone, asLine],
  past: [fixed("gray"), dashed, noFill, alone, asLine],
  band: [{ id: "custom.lineWidth", value: 0 }, { id: "custom.fillOpacity", value: 18 }, alone],
  line: [{ id: "custom.lineWidth", value: 2 }, noFill, alone, asLine],
  "below zero": [{ id: "custom.transform", value: "negative-Y" }],
};

/** What sets the series of one query apart; none where nothing does. */
export function seriesOverrides(series: readonly Series[]): Override[] {
  return series.flatMap((one, index) => {
    const properties = [
      ...(one.look === undefined ? [] : looks[one.look]),
      ...(one.color === undefined ? [] : [fixed(one.color)]),
      ...(one.unit === undefined ? [] : [{ id: "unit", value: one.unit }]),
    ];
    return properties.length === 0 ? [] : [{ matcher: { id: "byFrameRefID", options: refId(index) }, properties }];
  });
}

/** Grafana's steps: the first has no value, which is minus infinity. */
export function thresholdSteps(thresholds: readonly Threshold[]): { value: number | null; color: string }[] {
  return thresholds.map(({ from, color }) => ({ value: from ?? null, color }));
}

/** Texts and colours for values that mean a state. */
export function valueMappings(mappings: readonly Mapping[]): ValueMapping[] {
  if (mappings.length === 0) return [];
  const options = Object.fromEntries(
    mappings.map(({ value, text, color }, index) => [String(value), { text, color, index }]),
  );
  return [{ type: MappingType.ValueToText, options }];
}

/** A data link as a field's property has it. */
export function dataLink(link: Link, labels: Labels): { title: string; url: string; targetBlank: boolean } {
  return { title: link.title, url: linkUrl(link, labels), targetBlank: false };
}
