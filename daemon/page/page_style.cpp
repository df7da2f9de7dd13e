#include "daemon/page/page_style.hpp"

namespace dts {

const std::string_view page_style = R"(
:root{color-scheme:light dark;
--bg:#f5f6f8;--surface:#fff;--raised:#fafbfc;--line:#e2e5ea;--text:#171c26;--soft:#5b6575;--accent:#2f5fd0;
--ok:#15803d;--busy:#2f5fd0;--warn:#a15c00;--alarm:#c0232c;--rest:#667085;
--warn-bg:#fff7e8;--warn-line:#f0cf94;--alarm-bg:#fff1f1;--alarm-line:#f0b4b6;
--chart:#2f5fd0;--chart-fill:#2f5fd01f}
@media(prefers-color-scheme:dark){:root{
--bg:#0e1217;--surface:#161b22;--raised:#1b212a;--line:#2a313c;--text:#e7eaf0;--soft:#98a2b3;--accent:#85a9ff;
--ok:#4ac26b;--busy:#85a9ff;--warn:#e3a43b;--alarm:#ff7b78;--rest:#98a2b3;
--warn-bg:#251e10;--warn-line:#5b4718;--alarm-bg:#2a1517;--alarm-line:#6b2a2d;
--chart:#85a9ff;--chart-fill:#85a9ff26}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;
font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
a{color:inherit;text-decoration:none}
a:hover{text-decoration:underline}
a:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
code,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
.bar{background:var(--surface);border-bottom:1px solid var(--line)}
.bar div{max-width:1240px;margin:auto;padding:12px 24px;display:flex;align-items:center;gap:10px}
.bar svg{width:26px;height:26px;flex:none;color:var(--accent)}
.bar b{font-size:17px;letter-spacing:.01em}
.bar span{color:var(--soft);overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.bar nav{margin-left:auto;font-size:14px;color:var(--soft);white-space:nowrap}
main{max-width:1240px;margin:auto;padding:28px 24px 12px}
h1{font-size:24px;line-height:1.25;margin:0;font-weight:650;letter-spacing:-.01em;overflow-wrap:anywhere}
.lead{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 18px;margin-bottom:14px}
.lead p{margin:0;color:var(--soft)}
.lead .asof{margin-left:auto;font-size:13px}
.alarm h1{color:var(--alarm)}
.lead b{color:var(--text);font-weight:620}
.counts{display:flex;flex-wrap:wrap;gap:8px;margin:0 0 28px;padding:0;list-style:none}
.counts li{background:var(--surface);border:1px solid var(--line);border-radius:8px;padding:4px 12px;font-size:14px;color:var(--soft)}
.counts b{color:var(--text);font-weight:650;margin-right:3px}
.counts .alarm{background:var(--alarm-bg);border-color:var(--alarm-line)}
.counts .warning{background:var(--warn-bg);border-color:var(--warn-line)}
.counts .alarm,.counts .alarm b{color:var(--alarm)}
.counts .warning,.counts .warning b{color:var(--warn)}
h2{font-size:13px;font-weight:620;color:var(--soft);margin:26px 2px 8px}
h2 b{color:var(--text);font-weight:620}
table{width:100%;border-collapse:separate;border-spacing:0;table-layout:fixed;
background:var(--surface);border:1px solid var(--line);border-radius:12px;overflow:hidden}
th{font-size:12.5px;font-weight:500;text-align:left;color:var(--soft);padding:8px 12px;background:var(--raised);border-bottom:1px solid var(--line)}
td{padding:10px 12px;vertical-align:middle;border-top:1px solid var(--line);overflow-wrap:anywhere}
tbody:first-of-type tr:first-child td{border-top:0}
.c-state{width:120px}.c-chart{width:166px}.c-lag{width:132px}.c-rate{width:96px}.c-pos{width:226px}.c-since{width:112px}
td.c-pos span{display:block;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
th:first-child,td:first-child{padding-left:18px}
th:last-child,td:last-child{padding-right:18px}
.num{text-align:right}
td small,.sub{display:block;font-size:13px;color:var(--soft);line-height:1.4}
.name{font-weight:620}
.end{display:inline-block;max-width:100%;vertical-align:bottom;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.pill{display:inline-flex;align-items:center;gap:7px;font-size:13.5px;white-space:nowrap;color:var(--tone)}
.pill::before{content:"";width:8px;height:8px;border-radius:50%;background:var(--tone);flex:none}
.ok{--tone:var(--ok)}.busy{--tone:var(--busy)}.warning{--tone:var(--warn)}.alarm{--tone:var(--alarm)}.rest{--tone:var(--rest)}
.pill.rest::before{background:none;border:1.5px solid var(--tone)}
.pill.alarm{background:var(--alarm);color:var(--surface);font-weight:650;border-radius:6px;padding:2px 10px;text-transform:uppercase;font-size:12.5px;letter-spacing:.03em}
.pill.alarm::before{display:none}
.pill.warning{font-weight:620}
tbody.alarm td{background:var(--alarm-bg)}
tbody.alarm td:first-child{box-shadow:inset 4px 0 var(--alarm)}
tbody.warning td:first-child{box-shadow:inset 4px 0 var(--warn)}
.note td{border-top:0;padding-top:0;padding-bottom:16px}
.note p{margin:0 0 4px;white-space:pre-wrap}
.note b{font-weight:620}
.hint{color:var(--soft)}
.try code{background:var(--surface);border:1px solid var(--line);border-radius:6px;padding:2px 8px;margin-right:6px;display:inline-block;color:var(--text)}
.chart{display:block;width:100%;height:34px;overflow:visible}
.chart path{fill:none;vector-effect:non-scaling-stroke}
.chart .grid{stroke:var(--line)}
.chart .line{stroke:var(--chart);stroke-width:1.5;stroke-linejoin:round;stroke-linecap:round}
.chart .fill{fill:var(--chart-fill)}
.chart.wide{height:auto}
.chart text{font-size:12px;fill:var(--soft)}
.peak{font-size:12px;color:var(--soft)}
.card{background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:18px 20px;margin:0 0 16px}
.card h2{margin:0 0 12px}
.card.alarm{background:var(--alarm-bg);border-color:var(--alarm-line);box-shadow:inset 4px 0 var(--alarm)}
.card.warning{background:var(--warn-bg);border-color:var(--warn-line);box-shadow:inset 4px 0 var(--warn)}
.card p{margin:0 0 6px;white-space:pre-wrap;overflow-wrap:anywhere}
.card .try{margin-top:10px}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:14px 24px;margin:0}
dt{font-size:13px;color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
dl.long{grid-template-columns:1fr}
dl.files{grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr))}
.empty{text-align:center;padding:52px 20px}
.empty h1{margin-bottom:8px}
.empty p{color:var(--soft)}
.empty pre{display:inline-block;text-align:left;margin:12px 0 0;padding:14px 18px;background:var(--raised);border:1px solid var(--line);border-radius:10px;max-width:100%;overflow-x:auto}
footer{max-width:1240px;margin:auto;padding:16px 24px 32px;font-size:13px;color:var(--soft)}
footer a{text-decoration:underline;text-underline-offset:2px}
#silent{display:none;background:var(--warn-bg);border-bottom:1px solid var(--warn-line);color:var(--warn);text-align:center;padding:8px 16px;font-weight:620}
.is-silent #silent{display:block}
.is-silent main{opacity:.55}
@media(max-width:1000px){.c-pos{display:none}td.c-pos{display:none}}
@media(max-width:760px){
main{padding:20px 14px 8px}.bar div,footer{padding-left:14px;padding-right:14px}
.bar nav{display:none}
.lead .asof{margin-left:0}
.counts{gap:6px;margin-bottom:20px}.counts li{padding:3px 10px}
table,tbody,tr,td{display:block}
thead,colgroup{display:none}
table{background:none;border:0;border-radius:0;overflow:visible}
tbody{background:var(--surface);border:1px solid var(--line);border-radius:12px;margin-bottom:10px;overflow:hidden}
tbody.alarm{border-color:var(--alarm-line)}
tbody.alarm td:first-child,tbody.warning td:first-child{box-shadow:none}
tbody.alarm{box-shadow:inset 4px 0 var(--alarm);background:var(--alarm-bg)}
tbody.alarm td{background:none}
tbody.warning{box-shadow:inset 4px 0 var(--warn)}
tr.row{display:grid;grid-template-columns:1fr 1fr 1fr;gap:8px 12px;padding:13px 16px}
tr.note{padding:0 16px 12px}
td,td:first-child,td:last-child{border:0;padding:0;width:auto}
tr.row td{width:auto}
td.c-state{grid-column:3;grid-row:1;text-align:right}
td.c-task{grid-column:1/3;grid-row:1}
td.c-chart{grid-column:1/4}td.c-chart.unknown{display:none}
.chart.wide text{font-size:26px}.chart.wide .minor{display:none}
.num{text-align:left}
tr.row td[data-label]::before{content:attr(data-label);display:block;font-size:12px;color:var(--soft)}
.note td{padding:0}
}
@media print{#silent,.bar nav{display:none}body{background:none}}
)";

const std::string_view page_script = R"(
(function(){
var silent=document.documentElement.classList;
function later(){setTimeout(renew,5000)}
function renew(){
if(document.hidden){document.addEventListener('visibilitychange',renew,{once:true});return}
var picked=String(getSelection());
fetch(location.href,{cache:'no-store'}).then(function(answer){
if(!answer.ok&&answer.status!==404)throw 0;
return answer.text()}).then(function(text){
var fresh=new DOMParser().parseFromString(text,'text/html');
silent.remove('is-silent');
if(picked)return;
document.title=fresh.title;
['main','link[rel=icon]'].forEach(function(part){
document.querySelector(part).replaceWith(fresh.querySelector(part))})
}).catch(function(){silent.add('is-silent')}).then(later)}
later()})();
)";

}  // namespace dts
