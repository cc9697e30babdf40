"""The map of the demo's trade: places, dealers and who may sell what where.

The turf of a dealer is where it delivers on an ordinary day; every place in it is governed by a grant of its own line, so
that ordinary trade leaves nothing to find. Grants that a planted conflict needs stand beside the plant.
"""

from msgspec import Struct

from hub.records import Partner, Region
from hub.records.partner import ChannelKind, CooperationModel, PartnerType
from hub.records.region import RegionKind
from hub.records.territory import Exclusivity

MANAGER = "manager@example.com"
GROUPS = ("pumps", "valves", "sensors", "tools", "filters")
# Ordinary trade never sells gauges: whatever is counted in this group was put there by a plant.
RESERVED_GROUP = "gauges"


class Market(Struct, frozen=True):
    """A country with its money; `rate` is what one unit of it is worth in dollars, `tax` what a listed price may include."""

    region: str
    currency: str
    rate: str
    tax: str
    consumer_channel: str


US = Market("US", "USD", "1", "0.08", "amazon")
CN = Market("CN", "CNY", "0.14", "0.13", "tmall")
EU = Market("EU", "EUR", "1.08", "0.19", "otto")
MARKETS = (US, CN, EU)


def market_of(region: str) -> Market:
    """Return the market a region of the atlas lies in."""
    return {"US": US, "CN": CN}.get(region[:2], EU)


def _region(code: str, name: str, kind: RegionKind, parent: str | None, neighbours: str = "") -> Region:
    return Region(code=code, name=name, kind=kind, parent=parent, neighbours=tuple(sorted(neighbours.split())))


REGIONS = (
    _region("US", "United States", "country", None),
    _region("US-WA", "Washington", "province", "US", "US-OR"),
    _region("US-OR", "Oregon", "province", "US", "US-CA US-NV"),
    _region("US-CA", "California", "province", "US", "US-NV US-AZ"),
    _region("US-CA-LA", "Los Angeles", "city", "US-CA"),
    _region("US-CA-SF", "San Francisco", "city", "US-CA"),
    _region("US-NV", "Nevada", "province", "US", "US-AZ US-UT"),
    _region("US-AZ", "Arizona", "province", "US", "US-UT"),
    _region("US-UT", "Utah", "province", "US", "US-CO"),
    _region("US-CO", "Colorado", "province", "US", "US-OK"),
    _region("US-OK", "Oklahoma", "province", "US", "US-TX"),
    _region("US-TX", "Texas", "province", "US"),
    _region("US-TX-DAL", "Dallas", "city", "US-TX"),
    _region("US-IL", "Illinois", "province", "US", "US-WI"),
    _region("US-IL-CHI", "Chicago", "city", "US-IL"),
    _region("US-WI", "Wisconsin", "province", "US", "US-MI"),
    _region("US-MI", "Michigan", "province", "US", "US-OH"),
    _region("US-OH", "Ohio", "province", "US", "US-PA"),
    _region("US-PA", "Pennsylvania", "province", "US", "US-NY US-NJ"),
    _region("US-NY", "New York", "province", "US", "US-NJ US-MA"),
    _region("US-NY-NYC", "New York City", "city", "US-NY"),
    _region("US-NJ", "New Jersey", "province", "US"),
    _region("US-MA", "Massachusetts", "province", "US"),
    _region("US-GA", "Georgia", "province", "US", "US-FL US-TN"),
    _region("US-FL", "Florida", "province", "US"),
    _region("US-TN", "Tennessee", "province", "US"),
    _region("US-AK", "Alaska", "province", "US"),
    _region("CN", "中国", "country", None),
    _region("CN-SH", "上海", "province", "CN", "CN-JS CN-ZJ"),
    _region("CN-JS", "江苏", "province", "CN", "CN-ZJ CN-AH CN-SD"),
    _region("CN-JS-SZ", "苏州", "city", "CN-JS"),
    _region("CN-JS-NJ", "南京", "city", "CN-JS"),
    _region("CN-ZJ", "浙江", "province", "CN", "CN-AH CN-FJ"),
    _region("CN-ZJ-HZ", "杭州", "city", "CN-ZJ"),
    _region("CN-AH", "安徽", "province", "CN", "CN-HB"),
    _region("CN-GD", "广东", "province", "CN", "CN-FJ CN-HN"),
    _region("CN-GD-SZ", "深圳", "city", "CN-GD"),
    _region("CN-GD-GZ", "广州", "city", "CN-GD"),
    _region("CN-FJ", "福建", "province", "CN"),
    _region("CN-BJ", "北京", "province", "CN", "CN-TJ CN-HE"),
    _region("CN-TJ", "天津", "province", "CN", "CN-HE"),
    _region("CN-HE", "河北", "province", "CN", "CN-SD"),
    _region("CN-SD", "山东", "province", "CN"),
    _region("CN-SC", "四川", "province", "CN", "CN-CQ"),
    _region("CN-SC-CD", "成都", "city", "CN-SC"),
    _region("CN-CQ", "重庆", "province", "CN", "CN-HB"),
    _region("CN-HB", "湖北", "province", "CN", "CN-HN"),
    _region("CN-HN", "湖南", "province", "CN"),
    _region("CN-XZ", "西藏", "province", "CN"),
    _region("EU", "European Union", "zone", None),
    _region("DE", "Deutschland", "country", "EU", "FR"),
    _region("FR", "France", "country", "EU"),
)


class Dealer(Struct, frozen=True):
    """A partner with its turf, the file or system its orders come in, and its share of the market's ordinary trade."""

    code: str
    name: str
    home: str
    turf: tuple[str, ...] = ()
    delivers_in: str = ""
    weight: float = 0
    type: PartnerType = "distributor"
    parent: str | None = None
    model: CooperationModel = "buy_sell"
    channel_kind: ChannelKind = "traditional"

    def partner(self) -> Partner:
        """Return the dealer as a record of the masters."""
        return Partner(
            code=self.code,
            name=self.name,
            parent=self.parent,
            type=self.type,
            model=self.model,
            channel_kind=self.channel_kind,
            tier="gold" if self.weight >= 1 else "silver",
            lifecycle="nurturing",
            home_region=self.home,
            manager=MANAGER,
        )


def _dealer(code: str, name: str, home: str, turf: str, delivers_in: str, weight: float) -> Dealer:
    return Dealer(code, name, home, tuple(turf.split()), delivers_in, weight)


SHOP_SELLER = "US-CASCADE"
ERP_SELLER = "GD-HENGTONG"

DEALERS = (
    _dealer("US-CASCADE", "Cascade Industrial Supply", "US-WA", "US-WA US-OR", "shop", 0),
    _dealer("US-PACIFIC", "Pacific Flow Partners", "US-CA", "US-CA US-CA-LA", "us-west", 2.2),
    _dealer("US-BAYAREA", "Bay Area Instruments", "US-CA-SF", "US-CA-SF", "us-west", 0.5),
    _dealer("US-SONORAN", "Sonoran Process Equipment", "US-AZ", "US-AZ", "us-west", 1.0),
    _dealer("US-BASIN", "Great Basin Trading", "US-NV", "", "us-west", 0),
    _dealer("US-ROCKIES", "Rockies Pump & Valve", "US-CO", "US-CO US-UT", "us-west", 1.2),
    _dealer("US-LONESTAR", "Lone Star Controls", "US-TX", "US-TX US-TX-DAL US-OK", "us-south", 2.0),
    _dealer("US-LAKES", "Great Lakes Distribution", "US-IL", "US-IL US-IL-CHI US-WI", "us-midwest", 1.6),
    _dealer("US-OHIOVAL", "Ohio Valley Industrial", "US-OH", "US-OH US-PA US-TN", "us-midwest", 1.4),
    _dealer("US-EMPIRE", "Empire State Supply", "US-NY", "US-NY US-NY-NYC US-NJ", "us-east", 2.0),
    _dealer("US-BAYSTATE", "Bay State Instruments", "US-MA", "US-MA", "us-baystate", 0.8),
    _dealer("US-SUNBELT", "Sunbelt Fluid Power", "US-FL", "US-FL US-GA US-TN", "us-south", 1.6),
    _dealer("US-PEACH", "Peachtree Industrial", "US-GA", "", "us-south", 0),
    _dealer("US-CLINIC", "Clinical Instruments Group", "US-IL", "", "us-midwest", 0),
    Dealer("US-MICHIANA", "Michiana Supply", "US-MI", ("US-MI",), "us-midwest", 0.7, parent="US-LAKES"),
    Dealer("US-HARBOR", "Harbor City Tools", "US-CA-LA", ("US-CA-LA",), "us-west", 0.4, "reseller", "US-PACIFIC"),
    Dealer("US-ALAMO", "Alamo Hardware", "US-TX", ("US-TX",), "us-south", 0.4, "retailer", "US-LONESTAR"),
    Dealer("US-HUDSON", "Hudson Trade Counter", "US-NY", ("US-NY", "US-NY-NYC"), "us-east", 0.4, "retailer", "US-EMPIRE"),
    Dealer("US-PIEDMONT", "Piedmont Agency", "US-FL", ("US-FL",), "us-south", 0.2, "agent", "US-SUNBELT", "commission_agency"),
    Dealer("US-CLICK", "ClickParts", "US-TX", (), "", 0, "marketplace_seller", channel_kind="digital"),
    Dealer("US-TOOLBARN", "Tool Barn Online", "US-OH", (), "", 0, "marketplace_seller", channel_kind="digital"),
    Dealer("US-DIRECT", "Hubco Direct US", "US-IL", (), "brand", 0, "direct"),
    _dealer("GD-HENGTONG", "广东恒通贸易有限公司", "CN-GD", "CN-GD CN-GD-SZ CN-GD-GZ", "erp", 0),
    _dealer("SH-HUAMAO", "上海华茂商贸有限公司", "CN-SH", "CN-SH", "cn-east", 2.0),
    _dealer("JS-SUYUAN", "江苏苏源机电有限公司", "CN-JS", "CN-JS CN-JS-NJ", "cn-east", 1.6),
    _dealer("ZJ-ZHEDA", "浙江哲达工贸有限公司", "CN-ZJ", "CN-ZJ CN-ZJ-HZ", "cn-east", 1.4),
    _dealer("FJ-MINNAN", "福建闽南流体设备有限公司", "CN-FJ", "CN-FJ", "cn-east", 0.8),
    _dealer("BJ-JINGWEI", "北京经纬仪表有限公司", "CN-BJ", "CN-BJ CN-TJ", "cn-north", 1.4),
    _dealer("HE-YANZHAO", "河北燕赵泵业有限公司", "CN-HE", "CN-HE", "cn-north", 0.8),
    _dealer("SD-QILU", "山东齐鲁阀门销售有限公司", "CN-SD", "CN-SD", "cn-north", 1.2),
    _dealer("SC-SHUDAO", "四川蜀道设备有限公司", "CN-SC", "CN-SC CN-SC-CD CN-CQ", "cn-west", 1.2),
    _dealer("HB-CHUTIAN", "湖北楚天机电有限公司", "CN-HB", "CN-HB CN-HN", "cn-west", 1.0),
    Dealer("JS-GUSU", "苏州姑苏工具有限公司", "CN-JS-SZ", ("CN-JS-SZ",), "cn-east", 0.6, parent="JS-SUYUAN"),
    Dealer("SH-PUDONG", "上海浦东五金经营部", "CN-SH", ("CN-SH",), "cn-east", 0.4, "reseller", "SH-HUAMAO"),
    Dealer("GD-NANSHAN", "深圳南山零配件店", "CN-GD-SZ", ("CN-GD-SZ",), "cn-west", 0.3, "retailer", "GD-HENGTONG"),
    Dealer("SD-DAILI", "青岛代理服务部", "CN-SD", ("CN-SD",), "cn-north", 0.2, "agent", "SD-QILU", "commission_agency"),
    Dealer("CN-SHANGPIN", "尚品工业品商城", "CN-ZJ", (), "", 0, "marketplace_seller", channel_kind="digital"),
    Dealer("CN-YIGOU", "易购五金专营", "CN-GD", (), "", 0, "marketplace_seller", channel_kind="digital"),
    Dealer("CN-DIRECT", "好博科直营", "CN-SH", (), "brand", 0, "direct"),
    _dealer("DE-NORD", "Nord Technik GmbH", "DE", "DE", "eu", 0.4),
    _dealer("DE-SUED", "Süd Armaturen GmbH", "DE", "DE", "eu", 0.4),
    _dealer("FR-OUEST", "Ouest Fluides SARL", "FR", "FR", "eu", 0.3),
)
DEALER = {dealer.code: dealer for dealer in DEALERS}


class Holding(Struct, frozen=True):
    """A grant that holds through the whole demo."""

    partner: str
    regions: tuple[str, ...]
    exclusivity: Exclusivity = "exclusive"
    product_group: str = "*"


HOLDINGS = (
    Holding("US-CASCADE", ("US-WA", "US-OR")),
    Holding("US-PACIFIC", ("US-CA",)),
    Holding("US-SONORAN", ("US-AZ",)),
    Holding("US-ROCKIES", ("US-CO", "US-UT"), "sole"),
    Holding("US-LONESTAR", ("US-TX", "US-OK")),
    Holding("US-LAKES", ("US-IL", "US-WI")),
    Holding("US-MICHIANA", ("US-MI",)),
    Holding("US-OHIOVAL", ("US-OH", "US-PA")),
    Holding("US-OHIOVAL", ("US-TN",), "non_exclusive"),
    Holding("US-EMPIRE", ("US-NY", "US-NJ")),
    Holding("US-BAYSTATE", ("US-MA",)),
    Holding("US-SUNBELT", ("US-FL", "US-GA")),
    Holding("US-SUNBELT", ("US-TN",), "non_exclusive"),
    Holding("GD-HENGTONG", ("CN-GD",)),
    Holding("SH-HUAMAO", ("CN-SH",)),
    Holding("JS-SUYUAN", ("CN-JS",)),
    Holding("JS-GUSU", ("CN-JS-SZ",)),
    Holding("ZJ-ZHEDA", ("CN-ZJ",)),
    Holding("FJ-MINNAN", ("CN-FJ",)),
    Holding("BJ-JINGWEI", ("CN-BJ", "CN-TJ")),
    Holding("HE-YANZHAO", ("CN-HE",)),
    Holding("SD-QILU", ("CN-SD",)),
    Holding("SC-SHUDAO", ("CN-SC", "CN-CQ"), "sole"),
    Holding("HB-CHUTIAN", ("CN-HB",)),
    Holding("HB-CHUTIAN", ("CN-HN",), "non_exclusive"),
    Holding("FR-OUEST", ("FR",)),
)
